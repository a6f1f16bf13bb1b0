import { ConfigError } from '../../../core/index.ts';
import type { Draw } from '../draw.ts';
import type { Context } from '../table.ts';
import type { Draft, OrionTask } from '../task.ts';
import type { Story, StoryData, StoryQuestion } from './stories.ts';

/** Where the question stands and how its answer begins. */
type Form = 'base' | 'uniform-prefix' | 'question-start';

const stem = 'Answer: the keyword is "';
const textOf: Readonly<Record<Form, (story: string, question: StoryQuestion) => string>> = {
  base: (story, { question, answer_prefix }) =>
    `Read this short story.\n\n${story}\n\nNow answer a question about the story, in as few words as you can.\n\nQuestion: ${question}\nAnswer: ${answer_prefix}`,
  'uniform-prefix': (story, { question }) =>
    `Read this short story, and answer the question behind it with a single keyword in double quotes.\n\n${story}\n\nQuestion: ${question}\n${stem}`,
  'question-start': (story, { question }) =>
    `Read the question and then this short story, and answer with a single keyword in double quotes.\n\nQuestion: ${question}\n\nStory: ${story}\n\n${stem}`,
};
/** The column of the table that holds the value as an answer: with a space in front, or behind a quotation mark. */
const columnOf: Readonly<Record<Form, 'name' | 'spacedName'>> = { base: 'spacedName', 'uniform-prefix': 'name', 'question-start': 'name' };

export interface QuestionOptions {
  /** Variables that are asked; the others are told and never asked. Default: name, city and occupation of the main character. */
  readonly asked?: readonly string[];
}

/**
 * Questions on short stories, in three forms and all of them mixed: one row a variable, the request asks its value.
 *
 * Source: arXiv 2312.10091. Different on purpose: in the mixture every answer counts by its first token.
 *
 * @throws ConfigError where there is no question for a variable that is to be asked
 */
export const questionTasks = (
  { stories, questions }: StoryData,
  { asked = ['character_name', 'city', 'character_occupation'] }: QuestionOptions = {},
): OrionTask[] => {
  const variables = [...new Set(questions.map(({ variable }) => variable))];
  const missing = asked.find((variable) => !variables.includes(variable));
  if (missing !== undefined || asked.length === 0)
    throw new ConfigError(`orion questions: expected variables to ask among ${variables.join(', ')}, got ${missing ?? 'none'}; name others, or add a question`);
  const wordings = questions.filter(({ variable }) => asked.includes(variable));
  const contexts = new Map(stories.map((story) => [story, contextOf(story, variables)]));
  const draftOf = (form: Form, draw: Draw): Draft => {
    const story = draw.pick(stories);
    const question = draw.pick(wordings);
    return {
      text: textOf[form](story.story, question),
      request: { ask: columnOf[form], where: [['variable', question.variable]] },
      context: contexts.get(story)!,
    };
  };
  const task = (name: string, formsOf: (count: number) => readonly Form[]): OrionTask => ({
    family: `qa-${name}`,
    variant: 'stories',
    answers: new Map([
      ['name', ''],
      ['spacedName', ' '],
    ]),
    draft: (count, draw) => ({ prompts: draw.shuffle(formsOf(count).map((form) => draftOf(form, draw))) }),
  });
  const forms: readonly Form[] = ['base', 'uniform-prefix', 'question-start'];
  const only = (form: Form) => task(form, (count) => Array.from({ length: count }, () => form));
  const third = (count: number) => Math.floor(count / 3);
  // A third each; what is left over goes to the last.
  return [
    ...forms.map(only),
    task('mixed-template', (count) => Array.from({ length: count }, (_, i) => forms[Math.min(2, Math.floor(i / Math.max(1, third(count))))]!)),
  ];
};

const contextOf = ({ seed }: Story, variables: readonly string[]): Context =>
  variables.map((variable) => [
    { name: 'variable', value: variable },
    { name: 'name', value: seed[variable]! },
    { name: 'spacedName', value: seed[variable]! },
  ]);
