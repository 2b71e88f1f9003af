// What a script says, in the language of the page: say("{n} of {all} lines", {n: 1, all: 3}).
// An edition's table of strings is made from its `interface.po`; the English one needs none.
"use strict";

globalThis.say = (english, values = {}) =>
  (globalThis.bookStrings?.[english] ?? english).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
