export { defaultLimits, type Limits, LoadError, type LoadedDocument, type Metadata, type Origin, type ParsedText, type SkipCode } from './document.ts';
export { type Loaded, type LoadOptions, loadFolder, loadSurvey } from './folder.ts';
export { type Format, formatOf, formats, loaderName } from './formats.ts';
export { openParser, type Parser } from './parser.ts';
export { type Found, type Skipped, type Survey, surveyFolder } from './survey.ts';
