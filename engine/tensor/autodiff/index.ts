/** Our part of automatic differentiation: cheaper bookkeeping, and gradients that the library lacks or does slowly. */
import './dispatch.ts';
import './backpropagation.ts';
import './arithmeticGradients.ts';
import './matMulGradient.ts';
