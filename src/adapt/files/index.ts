export { type AdapterRecord, readAdapterRecord } from './adapter-record.ts';
export { adapterFolder, type OpenAdaptedOptions, type OpenedAdapter, openAdapted } from './open-adapted.ts';
export { type PeftForm, parametersOn, peftForm } from './peft-form.ts';
export { type SavedAdapter, saveAdapter } from './save-adapter.ts';
