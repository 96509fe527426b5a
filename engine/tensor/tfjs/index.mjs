// The whole of the tensor library that the engine uses, in one module: operations, every gradient (the main entry
// registers none), and the two backends that need no native code.
export * from '@tensorflow/tfjs-core';

import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-backend-cpu';

export { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
