// Runs assertions through promptfoo's own API: JSON lines in, one verdict a line out.
// node promptfoo_runner.mjs CASES.jsonl VERDICTS.jsonl, in a folder with node_modules/promptfoo.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [casesPath, verdictsPath] = process.argv.slice(2);
const main = path.join(process.cwd(), 'node_modules/promptfoo/dist/src/index.js');
const { assertions } = (await import(pathToFileURL(main))).default;

const lines = fs.readFileSync(casesPath, 'utf8').split('\n').filter(Boolean);
const out = fs.createWriteStream(verdictsPath);
for (const line of lines) {
  const one = JSON.parse(line);
  let verdict;
  try {
    const result = await assertions.runAssertions({
      prompt: one.vars.user ?? 'prompt',
      provider: { id: () => 'logged', config: { tools: one.tools } },
      providerResponse: {
        output: one.tool_calls ?? one.output,
        finishReason: one.finish_reason,
        cost: one.cost_usd,
      },
      latencyMs: one.latency_ms,
      test: { vars: one.vars, assert: one.assert, threshold: one.threshold },
    });
    verdict = { passed: result.pass, score: result.score, reason: result.reason };
  } catch (error) {
    verdict = { passed: null, reason: `error: ${String(error.message).slice(0, 200)}` };
  }
  out.write(JSON.stringify(verdict) + '\n');
}
out.end();
await new Promise((resolve) => out.on('finish', resolve));
process.exit(0);
