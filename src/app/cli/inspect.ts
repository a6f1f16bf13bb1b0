import type { Command } from 'commander';
import type { CommandModule } from './command-module.ts';
import type { LensFlags, OrionFlags, PatchFlags } from './inspect-actions.ts';
import type { AttentionFlags, AttributeFlags, HeadsFlags } from './inspect-component-actions.ts';
import type { RetrievalFlags } from './inspect-retrieval-action.ts';
import { adapterOption, modelOption } from './model-options.ts';
import { wholeNumber } from './number.ts';
import { commonOptions } from './options.ts';

/** For commander, which hands over what stood before. */
const eachSeed = (text: string, before: readonly number[] = []): readonly number[] => [...before, wholeNumber('--seeds', 0)(text)];

export const define: CommandModule['define'] = (command, finish) => {
  const sub = (spelling: string, summary: string): Command => command.command(spelling).description(summary).allowExcessArguments(false);
  const actions = () => import('./inspect-actions.ts');

  const orion = sub('orion', 'retrieval tasks: does the model keep the request apart from the context, and where')
    .option(...modelOption) // needed, but not by what stands below it
    .option('--tasks <names...>', 'families, family/variant, or files of tasks of your own', ['all'])
    .option('--prompts <n>', 'prompts of each task', wholeNumber('--prompts', 2), 100)
    .option('--pairs <n>', 'patched pairs of each layer', wholeNumber('--pairs', 1), 100)
    .option('--stories <files...>', 'stories and questions of your own for question answering: two JSON files')
    .option('--output <folder>', 'of the report and of what is finished; default: by model in the workspace')
    .option(...adapterOption)
    .addHelpText(
      'after',
      '\nEvery task is a request and a context; the residual stream at the last token is moved from one prompt to another, after every block in turn (arXiv:2312.10091). A task counts where the model answers more than 0.7 of its prompts by itself. Chat models are asked through their template where that makes them answer better. Weights are float32 unless --weights says otherwise. Ctrl-C stops, the same command goes on.\n\nExamples:\n  lyceum inspect orion --model smollm2-135m-instruct --tasks induction\n  lyceum inspect orion --model smollm2-135m-instruct\n',
    )
    .action(async (flags: OrionFlags) => finish(await (await actions()).orion(flags, commonOptions(command))));

  const compare = orion
    .command('compare')
    .argument('<results...>', 'folders of finished runs, or their result.json; several of one model, of other seeds, count as one model')
    .description('models side by side: which families each knows, and for which of those the request is moved')
    .option('--output <file>', 'the page that is written', 'orion.html')
    .addHelpText(
      'after',
      '\nExamples:\n  lyceum inspect orion compare .lyceum/inspect/*-orion\n  lyceum inspect orion compare first/result.json second/result.json --output both.html --json\n',
    )
    .action(async (results: string[]) =>
      finish(await (await actions()).compareOrion(results, compare.optsWithGlobals<{ output: string }>(), commonOptions(compare))),
    );

  sub('patch', 'put what one prompt’s last token holds into another’s, block by block')
    .requiredOption(...modelOption)
    .requiredOption('--source <text>', 'the prompt whose last token is read')
    .requiredOption('--target <text>', 'the prompt whose last token is written over')
    .option(...adapterOption)
    .option('--no-special-tokens', 'do not add what the model’s tokenizer adds to a text')
    .addHelpText(
      'after',
      '\nFor every block: the likeliest next token of the target once the residual stream after that block, at its last token, is the source’s. Where the target’s own answer gives way to another answer from the same text, the request was moved (arXiv:2312.10091). Prompts are taken as they are; weights are float32 unless --weights says otherwise.\n\nExamples:\n  lyceum inspect patch --model smollm2-135m-instruct \\\n    --source "Anna lives in Rome. Anna is a nurse. Question: What is her job? Answer: She is a" \\\n    --target "Marta lives in Oslo. Marta is a pilot. Question: Where does she live? Answer: She lives in"\n',
    )
    .action(async (flags: PatchFlags) => finish(await (await actions()).patch(flags, commonOptions(command))));

  sub('lens', 'what the model would say after every block, at every place of a text')
    .requiredOption(...modelOption)
    .requiredOption('--prompt <text>', 'the text')
    .option('--last <n>', 'only so many of its last places', wholeNumber('--last', 1))
    .option(...adapterOption)
    .option('--no-special-tokens', 'do not add what the model’s tokenizer adds to a text')
    .addHelpText(
      'after',
      '\nThe residual stream after so many blocks is put through the last norm and the head (logit lens). On a terminal: a row a layer, a column a place, each the likeliest next token; bright where it is probable. --json tells three of each with their probabilities.\n\nExamples:\n  lyceum inspect lens --model smollm2-135m-instruct --prompt "The capital of France is" --last 4\n',
    )
    .action(async (flags: LensFlags) => finish(await (await actions()).lens(flags, commonOptions(command))));

  const componentActions = () => import('./inspect-component-actions.ts');
  sub('attention', 'which earlier tokens each token of a text reads, head by head')
    .requiredOption(...modelOption)
    .requiredOption('--prompt <text>', 'the text')
    .option('--layer <n>', 'this block, from 0; default: what the last token reads in all of them', wholeNumber('--layer', 0))
    .option('--head <n>', 'only this head of it, from 0', wholeNumber('--head', 0))
    .option('--output <file>', 'a page of it: with --layer maps, a cell a pair of tokens; without, how far afield each head reads')
    .option(...adapterOption)
    .option('--no-special-tokens', 'do not add what the model’s tokenizer adds to a text')
    .addHelpText(
      'after',
      '\nOn a terminal: the tokens read most. --json tells them too, and of the block asked for whole patterns: a row for each token, its attention to the tokens up to itself.\n\nExamples:\n  lyceum inspect attention --model smollm2-135m-instruct --prompt "Anna lives in Rome. Marta lives in Oslo. Anna lives in"\n  lyceum inspect attention --model smollm2-135m-instruct --prompt "one two three one two" --layer 4 --head 2\n  lyceum inspect attention --model smollm2-135m-instruct --prompt "one two three one two" --layer 18 --output attention.html\n',
    )
    .action(async (flags: AttentionFlags) => finish(await (await componentActions()).attention(flags, commonOptions(command))));

  sub('heads', 'kinds of heads: previous token, duplicate token, induction, copying')
    .requiredOption(...modelOption)
    .option('--length <n>', 'different tokens of a text, which come twice', wholeNumber('--length', 2), 50)
    .option('--texts <n>', 'texts', wholeNumber('--texts', 1), 4)
    .option('--output <folder>', 'of the report; default: by model in the workspace')
    .option(...adapterOption)
    .addHelpText(
      'after',
      '\nTokens are drawn at random (--seed) and come twice in a row, so that nothing but their repetition can be known of a text. Scores are mean shares of attention: to the token before, to the same token’s first place, to the place after it. Copying is how high the token that a head attends to stands among all tokens drawn, by what that head writes: 1 always the highest, −1 always the lowest. All are in the report and in --json.\n\nExamples:\n  lyceum inspect heads --model smollm2-135m-instruct\n  lyceum inspect heads --model smollm2-135m-instruct --texts 8 --json\n',
    )
    .action(async (flags: HeadsFlags) => finish(await (await componentActions()).heads(flags, commonOptions(command))));

  sub('attribute', 'which heads and feed-forward parts speak for an answer, and which against')
    .requiredOption(...modelOption)
    .requiredOption('--prompt <text>', 'what the model goes on from')
    .option('--answer <text>', 'what comes next, by its first token, a space in front if there is one; default: what the model says')
    .option('--against <text>', 'what it is compared with; default: the likeliest other token')
    .option('--baseline <file>', 'prompts whose components replace this one’s: JSON Lines of {"prompt"}')
    .option('--source <text...>', 'the same, prompts by themselves')
    .option('--to <component>', 'LAYER.HEAD or "mlp LAYER" that alone reads what is replaced; default: the last norm')
    .option('--from <components...>', 'with --to: only these are replaced; default: all that it reads')
    .option('--top <n>', 'components shown', wholeNumber('--top', 1), 20)
    .option(...adapterOption)
    .option('--no-special-tokens', 'do not add what the model’s tokenizer adds to a text')
    .addHelpText(
      'after',
      '\nWhat each component adds at the last token to the difference of two logits, the last norm’s scale frozen: all of them sum to the difference. With baseline prompts also its direct effect: how much of the difference is lost where the component puts out what it does in those, the last norm computed anew (path patching to the logits, arXiv:2312.10091). With --to the effect is that of a path: only that head or feed-forward part reads the replaced output, and what comes after it is computed anew (arXiv:2211.00593); the prompts then have as many tokens each. --json tells all components.\n\nExamples:\n  lyceum inspect attribute --model smollm2-135m-instruct --prompt "The capital of France is" --answer " Paris" --against " Rome"\n  lyceum inspect attribute --model smollm2-135m-instruct --prompt "The capital of France is" --source "The capital of Italy is"\n  lyceum inspect attribute --model smollm2-135m-instruct --prompt "The capital of France is" --source "The capital of Italy is" --to 23.2 --from embed 18.6 "mlp 20"\n',
    )
    .action(async (flags: AttributeFlags) => finish(await (await componentActions()).attribute(flags, commonOptions(command))));

  sub('retrieval', 'how an answer is fetched, component by component, before and after the request was moved')
    .requiredOption(...modelOption)
    .option('--source <variable>', 'what the source asks for', 'character_name')
    .option('--target <variable>', 'what the target asks for', 'city')
    .option('--prompts <n>', 'stories, each asked for every variable', wholeNumber('--prompts', 2), 50)
    .option('--resamples <n>', 'baseline prompts a prompt', wholeNumber('--resamples', 1), 5)
    .option('--layer <n>', 'patch after so many blocks; default: where the request is answered best', wholeNumber('--layer', 1))
    .option('--seeds <n...>', 'each draws stories and baselines of its own, and is a study of its own; default: --seed', eachSeed)
    .option('--stories <files...>', 'stories and questions of your own: two JSON files')
    .option('--output <folder>', 'of the report and of what is finished; default: by model in the workspace')
    .option(...adapterOption)
    .addHelpText(
      'after',
      '\nThe source’s residual stream at the last token is put in the place of the target’s, which asks another story for another variable. Measured are each head’s and feed-forward part’s direct effect on the logits, attention to the value asked for, how many components are the same as when the question is asked outright, and what attention alone carries (arXiv:2312.10091, the case study). Heads are told that speak for one value more than for others. Variables of our stories: character_name, city, character_occupation, day_time, season. Minutes on a small model; Ctrl-C stops, the same command goes on after the last finished story.\n\nExamples:\n  lyceum inspect retrieval --model smollm2-135m-instruct --prompts 10\n  lyceum inspect retrieval --model smollm2-135m-instruct --target season --seeds 0 1 2 --output season\n',
    )
    .action(async (flags: RetrievalFlags) => finish(await (await import('./inspect-retrieval-action.ts')).retrieval(flags, commonOptions(command))));

  sub('sites', 'the places of a model that can be looked at and edited, with their shapes')
    .requiredOption(...modelOption)
    .addHelpText('after', '\nNo weight is read.\n\nExamples:\n  lyceum inspect sites --model smollm2-135m-instruct\n')
    .action(async (flags: { model: string }) => finish(await (await actions()).sites(flags, commonOptions(command))));

  command.addHelpText(
    'after',
    '\nExamples:\n  lyceum inspect patch --model smollm2-135m-instruct --source "Question: Who is it? Answer:" --target "Question: Where is it? Answer:"\n  lyceum inspect sites --model smollm2-135m-instruct\n',
  );
};
