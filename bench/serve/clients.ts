/** One answer as a client saw it. */
export interface Answer {
  readonly firstSeconds: number;
  readonly tokens: number;
  readonly text: string;
}

interface Event {
  readonly choices: readonly { readonly text: string }[];
  readonly usage?: { readonly completion_tokens: number } | null;
}

/** Asks for a streamed completion and reads it to its end. @throws Error for an answer that is refused or has no token */
export const askStream = async (url: string, body: object): Promise<Answer> => {
  const start = performance.now();
  const answer = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
  });
  if (!answer.ok) throw new Error(`bench serve: expected an answer of ${url}, got ${answer.status}: ${await answer.text()}`);
  let [text, tokens, firstSeconds, rest] = ['', 0, 0, ''];
  for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + part).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      if (block === 'data: [DONE]') continue;
      const { choices, usage } = JSON.parse(block.slice('data: '.length)) as Event;
      const more = choices[0]?.text ?? '';
      if (text === '' && more !== '') firstSeconds = (performance.now() - start) / 1000;
      text += more;
      if (usage) tokens = usage.completion_tokens;
    }
  }
  if (text === '' || tokens === 0) throw new Error(`bench serve: expected text and its length of ${url}, got ${JSON.stringify(text)} and ${tokens} tokens`);
  return { firstSeconds, tokens, text };
};

export interface Load {
  readonly tokensPerSecond: number;
  readonly answers: readonly Answer[];
}

/** So many clients that ask one thing after another, until all prompts are answered. */
export const askAll = async (clients: number, prompts: readonly string[], ask: (prompt: string) => Promise<Answer>): Promise<Load> => {
  const answers: Answer[] = [];
  const left = prompts.values();
  const client = async (): Promise<void> => {
    for (const prompt of left) answers.push(await ask(prompt));
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - start) / 1000;
  return { tokensPerSecond: answers.reduce((sum, { tokens }) => sum + tokens, 0) / seconds, answers };
};
