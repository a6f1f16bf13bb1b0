// A language model from TypeScript: an answer as it comes, with what else the model might have said, and how probable it finds texts.
import { loadModel } from '../src/index.ts';

export async function answer(name: string, question: string): Promise<{ pieces: string[]; text: string; likelier: string }> {
  await using model = await loadModel(name, { threads: 1 });
  const pieces: string[] = [];
  const { text } = await model.generate(
    { messages: [{ role: 'user', content: question }], maxTokens: 24, temperature: 0.8, seed: 1, stop: ['\n\n'], candidates: 3 },
    { onPiece: (piece) => pieces.push(piece.text) },
  );
  const [yes, no] = await Promise.all([model.logprobs(question, ' Yes'), model.logprobs(question, ' No')]);
  return { pieces, text, likelier: yes.logprob > no.logprob ? 'Yes' : 'No' };
}

if (import.meta.main) console.log(await answer(process.argv[2] ?? 'smollm2-135m-instruct', process.argv[3] ?? 'Is Rome the capital of Italy?'));
