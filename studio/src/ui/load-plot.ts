/** uPlot, which only curves need; asked for while the page is idle, it is there before a training fills the processors. */
export const loadPlot = () => Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]);
