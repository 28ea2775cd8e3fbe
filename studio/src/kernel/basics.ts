// What the cells of chapters 1 to 8 import from nanobard, and the kernel itself: loaded with the page.

export {
  AdamW,
  cosineSchedule,
  createDevice,
  Generator,
  NanobardError,
  nn,
  ops,
  plays,
} from 'nanobard';
