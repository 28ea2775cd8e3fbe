// The same Bard in a worker: what the page calls there, it awaits here.
import { expose } from 'comlink';
import { Bard } from './bard.ts';

expose(new Bard());
