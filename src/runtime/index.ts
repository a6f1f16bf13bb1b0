export type { Binding, FileDtype } from './binding.ts';
export { type DeviceState, probeDevices } from './devices.ts';
export { type CompileOptions, type Engine, type EngineInfo, type EngineOptions, type Executable, openEngine, type RunOptions } from './engine.ts';
export { CancelledError, EngineError } from './errors.ts';
export { type Forked, forkService } from './fork-service.ts';
export { describeMachine, type Machine } from './machine.ts';
export { serveParent } from './serve-parent.ts';
export { type Device, onnxruntimeVersion } from './session.ts';
export { numbersOf, type TensorArray, type TensorData, tensorOf } from './tensor.ts';
