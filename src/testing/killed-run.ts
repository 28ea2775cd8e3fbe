// The process that `survive` kills: begins the run in a folder, or goes on with it. Arguments: the folder, the text, the
// recipe as JSON, options for the run as JSON.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TrainingRun } from '../node/runs/training.ts';

const [folder = '', data, recipe = '', options = ''] = process.argv.slice(2);
const where = { device: 'cpu', threads: 1, folder, data } as const;
const run = existsSync(join(folder, 'config.json'))
  ? await TrainingRun.resume(where)
  : await TrainingRun.create({
      ...where,
      recipeName: 'killed',
      recipe: JSON.parse(recipe),
      ...JSON.parse(options),
    });
process.stdout.write('ready\n');
for await (const _ of run.events());
