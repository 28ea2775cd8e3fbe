import type { Attributes, Operation } from '../tensor/tensor.ts';
import { adamwCpu } from './adamw/adamw.cpu.ts';
import { adamwReference } from './adamw/adamw.reference.ts';
import { adamWOperation } from './adamw/adamw.ts';
import { addCpu, divCpu, mulCpu, subCpu } from './arithmetic/arithmetic.cpu.ts';
import { addReference, divReference, mulReference, subReference } from './arithmetic/arithmetic.reference.ts';
import { addOperation, divOperation, mulOperation, subOperation } from './arithmetic/arithmetic.ts';
import { attentionCpu, attentionGradientCpu } from './attention/attention.cpu.ts';
import { attentionGradientReference, attentionReference } from './attention/attention.reference.ts';
import { attentionGradientOperation, attentionOperation } from './attention/attention.ts';
import { cacheWriteCpu } from './cache-write/cache-write.cpu.ts';
import { cacheWriteReference } from './cache-write/cache-write.reference.ts';
import { cacheWriteOperation } from './cache-write/cache-write.ts';
import { concatCpu } from './concat/concat.cpu.ts';
import { concatReference } from './concat/concat.reference.ts';
import { concatOperation } from './concat/concat.ts';
import { contiguousCpu } from './contiguous/contiguous.cpu.ts';
import { contiguousReference } from './contiguous/contiguous.reference.ts';
import { contiguousOperation } from './contiguous/contiguous.ts';
import { crossEntropyCpu, crossEntropyGradientCpu } from './cross-entropy/cross-entropy.cpu.ts';
import {
  crossEntropyGradientReference,
  crossEntropyReference,
} from './cross-entropy/cross-entropy.reference.ts';
import { crossEntropyGradientOperation, crossEntropyOperation } from './cross-entropy/cross-entropy.ts';
import { dropoutCpu } from './dropout/dropout.cpu.ts';
import { dropoutReference } from './dropout/dropout.reference.ts';
import { dropoutOperation } from './dropout/dropout.ts';
import { embeddingCpu, embeddingGradientCpu } from './embedding/embedding.cpu.ts';
import { embeddingGradientReference, embeddingReference } from './embedding/embedding.reference.ts';
import { embeddingGradientOperation, embeddingOperation } from './embedding/embedding.ts';
import { geluCpu, geluGradientCpu } from './gelu/gelu.cpu.ts';
import { geluGradientReference, geluReference } from './gelu/gelu.reference.ts';
import { geluGradientOperation, geluOperation } from './gelu/gelu.ts';
import { clipScaleCpu, globalNormCpu } from './global-norm/global-norm.cpu.ts';
import { clipScaleReference, globalNormReference } from './global-norm/global-norm.reference.ts';
import { clipScaleOperation, globalNormOperation } from './global-norm/global-norm.ts';
import { layerNormCpu, layerNormGradientCpu } from './layer-norm/layer-norm.cpu.ts';
import { layerNormGradientReference, layerNormReference } from './layer-norm/layer-norm.reference.ts';
import { layerNormGradientOperation, layerNormOperation } from './layer-norm/layer-norm.ts';
import { linearCpu } from './linear/linear.cpu.ts';
import { linearReference } from './linear/linear.reference.ts';
import { linearOperation } from './linear/linear.ts';
import { maskedFillCpu } from './masked-fill/masked-fill.cpu.ts';
import { maskedFillReference } from './masked-fill/masked-fill.reference.ts';
import { maskedFillOperation } from './masked-fill/masked-fill.ts';
import { matmulCpu } from './matmul/matmul.cpu.ts';
import { matmulReference } from './matmul/matmul.reference.ts';
import { matmulOperation } from './matmul/matmul.ts';
import { muonMomentumCpu, muonUpdateCpu, normalizeGramsCpu } from './muon/muon.cpu.ts';
import {
  muonMomentumReference,
  muonUpdateReference,
  normalizeGramsReference,
} from './muon/muon.reference.ts';
import { muonMomentumOperation, muonUpdateOperation, normalizeGramsOperation } from './muon/muon.ts';
import { symmetricMatmulCpu, symmetricPolynomialCpu } from './muon/symmetric-matmul.cpu.ts';
import { symmetricMatmulReference, symmetricPolynomialReference } from './muon/symmetric-matmul.reference.ts';
import { symmetricMatmulOperation, symmetricPolynomialOperation } from './muon/symmetric-matmul.ts';
import { ngramCpu } from './ngram/ngram.cpu.ts';
import { ngramReference } from './ngram/ngram.reference.ts';
import { ngramOperation } from './ngram/ngram.ts';
import { padCpu } from './pad/pad.cpu.ts';
import { padReference } from './pad/pad.reference.ts';
import {
  expCpu,
  logCpu,
  negCpu,
  reluCpu,
  reluGradientCpu,
  reluSquaredCpu,
  reluSquaredGradientCpu,
  sigmoidCpu,
  sqrtCpu,
  squareCpu,
  tanhCpu,
} from './pointwise/pointwise.cpu.ts';
import {
  expReference,
  logReference,
  negReference,
  reluGradientReference,
  reluReference,
  reluSquaredGradientReference,
  reluSquaredReference,
  sigmoidReference,
  sqrtReference,
  squareReference,
  tanhReference,
} from './pointwise/pointwise.reference.ts';
import {
  expOperation,
  logOperation,
  negOperation,
  reluGradientOperation,
  reluOperation,
  reluSquaredGradientOperation,
  reluSquaredOperation,
  sigmoidOperation,
  sqrtOperation,
  squareOperation,
  tanhOperation,
} from './pointwise/pointwise.ts';
import { sumOperation } from './reduce/broadcast.ts';
import { maxCpu, maxGradientCpu } from './reduce/max.cpu.ts';
import { maxGradientReference, maxReference } from './reduce/max.reference.ts';
import { maxGradientOperation, maxOperation } from './reduce/reduce.ts';
import { sumCpu } from './reduce/sum.cpu.ts';
import { sumReference } from './reduce/sum.reference.ts';
import { rmsNormCpu, rmsNormGradientCpu } from './rms-norm/rms-norm.cpu.ts';
import { rmsNormGradientReference, rmsNormReference } from './rms-norm/rms-norm.reference.ts';
import { rmsNormGradientOperation, rmsNormOperation } from './rms-norm/rms-norm.ts';
import { rotaryCpu } from './rotary/rotary.cpu.ts';
import { rotaryReference } from './rotary/rotary.reference.ts';
import { rotaryOperation } from './rotary/rotary.ts';
import { rowAdagradCpu } from './row-adagrad/row-adagrad.cpu.ts';
import { rowAdagradReference } from './row-adagrad/row-adagrad.reference.ts';
import { rowAdaGradOperation } from './row-adagrad/row-adagrad.ts';
import type { CpuLowering, ReferenceKernel } from './shared/kernel.ts';
import { padOperation } from './slice/slice.ts';
import { softmaxCpu, softmaxGradientCpu } from './softmax/softmax.cpu.ts';
import { softmaxGradientReference, softmaxReference } from './softmax/softmax.reference.ts';
import { softmaxGradientOperation, softmaxOperation } from './softmax/softmax.ts';

/** An operation and how each device computes it. */
export interface RegisteredOperation {
  readonly operation: Operation;
  readonly reference: ReferenceKernel;
  readonly cpu: CpuLowering;
}

/** Every operation that a program can contain, by name. */
export const operations: ReadonlyMap<string, RegisteredOperation> = new Map(
  [
    register(contiguousOperation, contiguousReference, contiguousCpu),
    register(matmulOperation, matmulReference, matmulCpu),
    register(linearOperation, linearReference, linearCpu),
    register(attentionOperation, attentionReference, attentionCpu),
    register(attentionGradientOperation, attentionGradientReference, attentionGradientCpu),
    register(geluOperation, geluReference, geluCpu),
    register(geluGradientOperation, geluGradientReference, geluGradientCpu),
    register(addOperation, addReference, addCpu),
    register(subOperation, subReference, subCpu),
    register(mulOperation, mulReference, mulCpu),
    register(divOperation, divReference, divCpu),
    register(sumOperation, sumReference, sumCpu),
    register(adamWOperation, adamwReference, adamwCpu),
    register(cacheWriteOperation, cacheWriteReference, cacheWriteCpu),
    register(crossEntropyOperation, crossEntropyReference, crossEntropyCpu),
    register(crossEntropyGradientOperation, crossEntropyGradientReference, crossEntropyGradientCpu),
    register(dropoutOperation, dropoutReference, dropoutCpu),
    register(embeddingOperation, embeddingReference, embeddingCpu),
    register(embeddingGradientOperation, embeddingGradientReference, embeddingGradientCpu),
    register(clipScaleOperation, clipScaleReference, clipScaleCpu),
    register(globalNormOperation, globalNormReference, globalNormCpu),
    register(layerNormOperation, layerNormReference, layerNormCpu),
    register(layerNormGradientOperation, layerNormGradientReference, layerNormGradientCpu),
    register(maxOperation, maxReference, maxCpu),
    register(maxGradientOperation, maxGradientReference, maxGradientCpu),
    register(rmsNormOperation, rmsNormReference, rmsNormCpu),
    register(rmsNormGradientOperation, rmsNormGradientReference, rmsNormGradientCpu),
    register(ngramOperation, ngramReference, ngramCpu),
    register(rotaryOperation, rotaryReference, rotaryCpu),
    register(rowAdaGradOperation, rowAdagradReference, rowAdagradCpu),
    register(softmaxOperation, softmaxReference, softmaxCpu),
    register(softmaxGradientOperation, softmaxGradientReference, softmaxGradientCpu),
    register(maskedFillOperation, maskedFillReference, maskedFillCpu),
    register(padOperation, padReference, padCpu),
    register(concatOperation, concatReference, concatCpu),
    register(muonMomentumOperation, muonMomentumReference, muonMomentumCpu),
    register(muonUpdateOperation, muonUpdateReference, muonUpdateCpu),
    register(normalizeGramsOperation, normalizeGramsReference, normalizeGramsCpu),
    register(symmetricMatmulOperation, symmetricMatmulReference, symmetricMatmulCpu),
    register(symmetricPolynomialOperation, symmetricPolynomialReference, symmetricPolynomialCpu),
    register(negOperation, negReference, negCpu),
    register(expOperation, expReference, expCpu),
    register(logOperation, logReference, logCpu),
    register(sqrtOperation, sqrtReference, sqrtCpu),
    register(tanhOperation, tanhReference, tanhCpu),
    register(reluOperation, reluReference, reluCpu),
    register(reluGradientOperation, reluGradientReference, reluGradientCpu),
    register(reluSquaredOperation, reluSquaredReference, reluSquaredCpu),
    register(reluSquaredGradientOperation, reluSquaredGradientReference, reluSquaredGradientCpu),
    register(sigmoidOperation, sigmoidReference, sigmoidCpu),
    register(squareOperation, squareReference, squareCpu),
  ].map((entry) => [entry.operation.name, entry]),
);

function register<A extends Attributes>(
  operation: Operation<A>,
  reference: ReferenceKernel<A>,
  cpu: CpuLowering<A>,
): RegisteredOperation {
  return { operation, reference, cpu } as unknown as RegisteredOperation;
}
