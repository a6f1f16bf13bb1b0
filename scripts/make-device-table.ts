// Writes docs/devices.md: every op of the tables of cases, results and gradients, run on WebGPU. `node scripts/make-device-table.ts`, on a machine with an adapter
// (a software one will do: VK_ICD_FILENAMES names the driver's file).
import { writeFileSync } from 'node:fs';
import { probeDevices } from '../src/runtime/index.ts';
import { deviceRows, tableOf } from '../src/runtime/testing/device-table.ts';

const { webgpu } = await probeDevices();
if (!webgpu.available) throw new Error(`docs/devices.md: expected a graphics adapter, got: ${webgpu.reason}; nothing was written`);

const text = `# Devices

\`--device webgpu\` runs the same programs through onnxruntime's WebGPU provider. The table is written by \`scripts/make-device-table.ts\` and checked by
\`npm run test:gpu\`: every op, its result and its gradients.

- **native**: every ONNX node of the op has a kernel on the device.
- **rewritten**: it has none, or a wrong one, so the op is written with others (third column: what was replaced), all on the device.
- **partly**, **CPU**: the nodes in the last column run on the CPU; onnxruntime moves the tensors. They are integer work (positions, masks, random bits): WebGPU has no int64.

Results are accurate to 1e-4; sines and cosines, for which WGSL promises 5e-4 between −π and π and nothing beyond, to 1e-6. \`nBitsProduct\` does not round its activations there, as it may on the CPU. The computing of shapes always happens on the CPU and is not listed.

${tableOf(await deviceRows('webgpu'))}
`;
writeFileSync(new URL('../docs/devices.md', import.meta.url), text);
