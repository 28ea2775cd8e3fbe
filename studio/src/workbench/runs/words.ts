import type { RunState } from '../../../../src/node/runs/run-summary.ts';
import type { Language } from '../../page/words.ts';

// What the runs of the server are told with, in both languages.

type Why = Readonly<Record<RunState, (step: number) => string>>;

const why: Why = {
  training: () => 'It is being trained.',
  finished: (step) => `It has done all of its ${step} steps.`,
  patience: (step) => `It ended after step ${step}: its evaluations had stopped getting better (patience).`,
  time: (step) => `It ended after step ${step}: the time given to it was over (max-minutes).`,
  interrupted: (step) => `It was stopped after step ${step}, and is saved: train --resume goes on with it.`,
  diverged: (step) =>
    `It diverged after step ${step}: a loss or gradient was not finite. Try a lower learning rate, a longer warm-up or gradient clipping.`,
  cut: (step) =>
    `It was cut off after step ${step} without saying so: the process was killed, or the machine went down. train --resume goes on from its last checkpoint.`,
  damaged: () => 'Its config.json cannot be read:',
};

const en = {
  title: 'Runs',
  lead: (folder: string, count: number) => `${count} ${count === 1 ? 'run' : 'runs'} in ${folder}.`,
  loading: 'Loading…',
  none: 'nanobard train makes one.',
  lost: 'The server does not answer: nanobard studio has ended, or the machine was asleep. It is tried again.',
  filter: 'Filter',
  draw: 'Draw',
  run: 'Run',
  state: 'State',
  recipe: 'Recipe',
  text: 'Text',
  step: 'Step',
  loss: 'Loss',
  best: 'Best validation',
  began: 'Began',
  states: {
    training: 'training',
    finished: 'finished',
    patience: 'no better',
    time: 'time over',
    interrupted: 'stopped',
    diverged: 'diverged',
    cut: 'cut off',
    damaged: 'damaged',
  } as Readonly<Record<RunState, string>>,
  why,
  difference: 'In what the recipes differ',
  noDifference: 'The recipes do not differ.',
  sample: 'Write with it',
  look: 'Look inside',
  evaluate: 'Evaluate',
  evaluated: (name: string, loss: string, perplexity: string) =>
    `${name}: loss ${loss} nats per token over the whole validation text, perplexity ${perplexity}.`,
  export: 'Export…',
  rename: 'Rename',
  ok: 'OK',
  delete: 'Delete',
  reallyDelete: 'Really move to the bin',
  removed: (name: string, place: string) => `${name} is in the bin now: ${place}`,
};

const zh: typeof en = {
  title: '运行',
  lead: (folder, count) => `${folder} 里有 ${count} 次运行。`,
  loading: '加载中…',
  none: '用 nanobard train 训练一个。',
  lost: '服务器没有响应：nanobard studio 已结束，或机器休眠过。正在重试。',
  filter: '筛选',
  draw: '绘制',
  run: '名称',
  state: '状态',
  recipe: '配方',
  text: '文本',
  step: '步数',
  loss: '损失',
  best: '最佳验证损失',
  began: '开始时间',
  states: {
    training: '训练中',
    finished: '已完成',
    patience: '不再变好',
    time: '时间到',
    interrupted: '已停止',
    diverged: '已发散',
    cut: '中断',
    damaged: '损坏',
  },
  why: {
    training: () => '正在训练。',
    finished: (step) => `全部 ${step} 步已完成。`,
    patience: (step) => `在第 ${step} 步结束：评估结果不再变好（patience）。`,
    time: (step) => `在第 ${step} 步结束：给定的时间已到（max-minutes）。`,
    interrupted: (step) => `在第 ${step} 步被停止，已保存：可用 train --resume 继续。`,
    diverged: (step) => `在第 ${step} 步之后发散：损失或梯度不再有限。请降低学习率、延长预热或裁剪梯度。`,
    cut: (step) =>
      `在第 ${step} 步之后中断，没有留下说明：进程被杀或机器关机。train --resume 可从最后的检查点继续。`,
    damaged: () => '无法读取 config.json：',
  },
  difference: '配方的不同之处',
  noDifference: '配方没有不同。',
  sample: '用它写作',
  look: '看内部',
  evaluate: '评估',
  evaluated: (name, loss, perplexity) =>
    `${name}：整个验证文本上每词元损失 ${loss} 奈特，困惑度 ${perplexity}。`,
  export: '导出…',
  rename: '重命名',
  ok: '确定',
  delete: '删除',
  reallyDelete: '确定移入回收站',
  removed: (name, place) => `${name} 已移入回收站：${place}`,
};

export const words: Readonly<Record<Language, typeof en>> = { en, zh };
