import { conformance } from './conformance';
import { eachEngine, openDisk, scratch } from './kinds';

const directory = scratch();

eachEngine('disk store', (engine) => {
  conformance({ name: engine, open: (clock) => openDisk({ clock, engine, directory: directory() }) });
});
