import { readFileSync, readdirSync } from 'node:fs';
import { compileCell } from './src/kernel/cell.ts';
import { cellsOf } from './src/kernel/chapter.ts';
import { Notebook, stoppable } from './src/kernel/notebook.ts';
import * as nanobard from '../dist/index.js';
import * as figures from '../tutorial/chapters/figures.ts';
const text=readFileSync('/work/shared/data/tinyshakespeare.txt','utf8');
const dir=new URL('../tutorial/chapters/',import.meta.url);
const comp=(n:string)=>({cells:cellsOf(readFileSync(new URL(n+'.ts',dir),'utf8')).map(c=>({id:c.id,...compileCell(c.solved)}))});
const names=readdirSync(dir).filter(n=>/^\d.*\.ts$/.test(n)).map(n=>n.slice(0,-3));
const nb=new Notebook({modules:{nanobard:async()=>stoppable(nanobard as any,()=>undefined),'./figures.ts':async()=>figures,'./text.ts':async()=>({loadText:async()=>text})},chapter:(n)=>names.includes(n)?Promise.resolve(comp(n)):undefined});
let d=0;figures.canvas.draw=()=>{d++};
for(const n of process.argv.slice(2)) for(const c of comp(n).cells){console.log('##',n,c.id,c.shared);await nb.run(n,c,(t)=>console.log(t.slice(0,200)));}
console.log('figures',d);process.exit(0);
