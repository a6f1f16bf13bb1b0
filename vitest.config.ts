import { defineConfig } from 'vitest/config';

// LYCEUM_TESTS=slow runs what trains, kills or loads real weights; =gpu what needs a device.
const tier = process.env['LYCEUM_TESTS'] ?? 'fast';
const include = { fast: ['**/*.test.ts'], slow: ['**/*.slow.test.ts'], gpu: ['**/*.gpu.test.ts'] }[tier];
if (!include) throw new Error(`LYCEUM_TESTS: expected fast, slow or gpu, got ${tier}`);

export default defineConfig({
  test: {
    include,
    exclude: ['node_modules/**', 'dist/**', 'bench/peers/**', ...(tier === 'fast' ? ['**/*.slow.test.ts', '**/*.gpu.test.ts'] : [])],
    pool: 'forks', // onnxruntime must not run in worker threads
    maxWorkers: 2,
    testTimeout: tier === 'fast' ? 60_000 : 600_000,
  },
});
