import { readFileSync } from 'node:fs';
import { createTraining } from './src/language/recipes/training.ts';
import { createDevice } from './src/engine/devices/create.ts';
const text=readFileSync('/work/shared/data/tinyshakespeare.txt','utf8');
const device=await createDevice({device:process.argv[5]??'cpu',threads:2} as any);
const {trainer,model,...t}=await createTraining({recipe:process.argv[2],text,device,maxIters:+process.argv[3],evalInterval:+process.argv[4]} as any);
for await(const e of trainer.run()) if(e.type==='eval') console.log(e.step,e.train.toFixed(5),e.val.toFixed(5)); else if(e.type==='step'&&e.step<8000) console.log('step',e.step,e.loss.toFixed(6)); else if(e.type==='end') console.log(e.trainSeconds,e.seconds);
await device.dispose();
