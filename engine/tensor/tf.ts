/**
 * The tensor library as the whole engine uses it: operations with all their gradients. It is one module in a
 * bundle, in a test and under plain Node.
 */
export * as tf from '#tfjs';
