// A reader's own attempt at an exercise, judged where it stands.
// The first half reads what is typed: the language of exercises/typed.py, by the same rules
// in the same order (tests/exercises/cases.json holds both to one table). Nothing that a
// reader types is run as code.
"use strict";

const Attempts = (() => {
  const LONGEST = 500;
  const DEEPEST = 60;
  const GREEK = ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho " +
    "sigma tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega").split(" ");
  const VARIANTS = { varepsilon: "epsilon", vartheta: "theta", varphi: "phi", varrho: "rho" };
  const CONSTANTS = { e: Math.E, E: Math.E, pi: Math.PI };
  const INFINITE = new Set(["oo", "inf", "infty", "infinity"]);
  const UNITS = new Set(["nat", "nats", "bit", "bits"]);
  const ACCENTS = new Set(["hat", "bar", "tilde"]);
  const DRESS = new Set(["mathrm", "operatorname", "text", "mathit", "mathbf", "mathbb", "boldsymbol"]);
  const SPACE = new Set(["left", "right", "big", "Big", "bigl", "bigr", "quad", "qquad", "displaystyle"]);
  const SIGNS = { cdot: "*", times: "*", div: "/", lvert: "|", rvert: "|", vert: "|" };
  const ALPHABET = ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho " +
    "sigma sigma tau upsilon phi chi psi omega").split(" ");
  const LETTERS = { ϵ: "epsilon", ϕ: "phi", ϑ: "theta", ϱ: "rho" };
  ALPHABET.forEach((name, place) => {
    LETTERS[String.fromCharCode(0x3b1 + place)] = name;
    LETTERS[String.fromCharCode(0x391 + place)] = name[0].toUpperCase() + name.slice(1);
  });
  const RAISED = Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].map((sign, digit) => [sign, String(digit)]));
  const LOWERED = Object.fromEntries([..."₀₁₂₃₄₅₆₇₈₉"].map((sign, digit) => [sign, String(digit)]));
  const ALIKE = { "−": "-", "–": "-", "·": "*", "×": "*", "⋅": "*", "÷": "/", "∣": "|" };
  const COMBINING = { "\u0302": "hat", "\u0304": "bar", "\u0303": "tilde" };
  const log = (x) => (x >= 0 ? Math.log(x) : NaN);
  const FUNCTIONS = {
    log, ln: log,
    log2: (x) => log(x) / Math.LN2,
    log10: (x) => log(x) / Math.LN10,
    exp: Math.exp,
    sqrt: Math.sqrt,
    abs: Math.abs,
    Abs: Math.abs,
    sin: Math.sin, cos: Math.cos, tan: Math.tan,
    sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh,
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  };
  const has = (table, name) => Object.prototype.hasOwnProperty.call(table, name);

  // What cannot be read: one sentence, the text, and the place that it is about.
  class Unread extends Error {
    constructor(message, text, place) {
      super(message);
      Object.assign(this, { text, place: Math.min(place, text.length) });
    }
    get shown() {
      return `${this.text}\n${" ".repeat(this.place)}^`;
    }
  }

  // What two spellings of a name share: x_hat, xhat and x_{hat}.
  const key = (name) => name.replace(/[_{}\s]/g, "");

  // ------------------------------------------------------------ from text to tokens
  const COMMA = say("Is this a decimal comma? Write 0.5 with a point, and 50000 without a comma.");

  class Scanner {
    constructor(text) {
      Object.assign(this, { text, at: 0, tokens: [] });
    }

    fail(message, place = this.at) {
      return new Unread(message, this.text, place);
    }

    match(pattern) {
      const sticky = new RegExp(pattern.source, "y");
      sticky.lastIndex = this.at;
      const found = sticky.exec(this.text);
      if (found) this.at = sticky.lastIndex;
      return found;
    }

    scan() {
      while (this.at < this.text.length) {
        const place = this.at;
        const char = this.text[place];
        let found;
        if (this.match(/\s+|~|\$|\\[,;:! ()[\]]/)) continue;
        if ((found = this.match(/\d{1,3}(?:\{,\}\d{3})+|(?:\d+\.?\d*|\.\d+)/))) this.number(found[0], place);
        else if (has(RAISED, char)) this.raised(place);
        else if (char === "½") (this.at += 1), this.add("num", [0.5, "½"], place);
        else if (char === "√") (this.at += 1), this.add("word", "sqrt", place);
        else if (char === "∞") (this.at += 1), this.add("infinity", null, place);
        else if (this.match(/\*\*/)) this.add("^", null, place);
        else if ("+-*/^()[]{}|%".includes(char) || has(ALIKE, char)) {
          this.at += 1;
          this.add(ALIKE[char] ?? char, null, place);
        } else if (char === "\\") this.command(place);
        else if (/[A-Za-z]/.test(char) || has(LETTERS, char)) this.add("word", this.word(), place);
        else throw this.stray(char);
      }
      return this.tokens;
    }

    add(kind, value, place) {
      this.tokens.push({ kind, value, place });
    }

    stray(char) {
      if (char === "=") return this.fail(say("Type the right side alone, without the sign =."));
      if (",;".includes(char)) return this.fail(COMMA);
      if (char === "_") return this.fail(say("A subscript needs a name before it, as in x_1."));
      if ("<>≤≥≈".includes(char)) return this.fail(say("Type one expression, not a comparison."));
      const [word] = /^\p{L}+/u.exec(this.text.slice(this.at)) ?? [];
      if (word && globalThis.bookStrings) {
        // In another language a unit has a name of its own, and no word is a sign.
        const isUnit = [say("nats"), say("bits")].some((unit) => word.startsWith(unit));
        return this.fail(isUnit ? say("Leave the unit out.") : say("Words cannot be read here: write a number as 1/3 or 0.5."));
      }
      return this.fail(say("The sign {sign} cannot be read here.", { sign: String.fromCodePoint(this.text.codePointAt(this.at)) }));
    }

    number(written, place) {
      const digits = written.replaceAll("{,}", "");
      const exponent = this.match(/[eE][+-]?\d+/);
      if (this.match(/,\s*\d/)) throw this.fail(COMMA, place);
      const text = digits + (exponent ? exponent[0] : "");
      this.add("num", [Number(text), text], place);
    }

    run(table) {
      let digits = "";
      while (this.at < this.text.length && has(table, this.text[this.at])) {
        digits += table[this.text[this.at]];
        this.at += 1;
      }
      return digits;
    }

    raised(place) {
      const digits = this.run(RAISED);
      this.add("^", null, place);
      this.add("num", [Number(digits), digits], place);
    }

    command(place) {
      if (this.match(/\\%/)) return this.add("%", null, place);
      if (this.match(/\\[|]/)) return this.add("|", null, place);
      if (this.match(/\\[{}]/)) return this.add(this.text[this.at - 1] === "{" ? "(" : ")", null, place);
      const found = this.match(/\\([A-Za-z]+)/);
      if (!found) throw this.fail(say("A command needs a name after the backslash."));
      const name = found[1];
      if (SPACE.has(name)) this.match(/\./);
      else if (has(SIGNS, name)) this.add(SIGNS[name], null, place);
      else if (["frac", "tfrac", "dfrac"].includes(name)) this.add("frac", null, place);
      else if (name === "sqrt") this.add("root", null, place);
      else if (name === "infty") this.add("infinity", null, place);
      else {
        this.at = place;
        this.add("word", this.word(), place);
      }
    }

    // A name with its accents and subscripts, as Python writes it: x_hat_0.
    word() {
      let name = this.base();
      while (this.at < this.text.length) {
        const char = this.text[this.at];
        if (has(COMBINING, char)) {
          this.at += 1;
          name += `_${COMBINING[char]}`;
        } else if (has(LOWERED, char)) name += `_${this.run(LOWERED)}`;
        else if (char === "_") {
          this.at += 1;
          name += `_${this.subscript()}`;
        } else break;
      }
      return name;
    }

    base() {
      const place = this.at;
      const char = this.text[place];
      if (has(LETTERS, char)) {
        this.at += 1;
        return LETTERS[char];
      }
      let found = this.match(/[A-Za-z][A-Za-z0-9]*/);
      if (found) return found[0];
      found = this.match(/\\([A-Za-z]+)/);
      const name = found ? (has(VARIANTS, found[1]) ? VARIANTS[found[1]] : found[1]) : "";
      if (ACCENTS.has(name)) {
        const braced = this.match(/\s*\{\s*/);
        this.match(/\s*/);
        if (!/[A-Za-z\\Ͱ-Ͽ]/.test(this.text[this.at] ?? " ")) {
          throw this.fail(say("{command} needs a letter, as in {example}.", { command: `\\${name}`, example: `\\${name}{x}` }), place);
        }
        const inner = braced ? this.word() : this.letter();
        if (braced && !this.match(/\s*\}/)) throw this.fail(say("A closing brace } is missing here."));
        const [letter, ...rest] = inner.split("_");
        return [letter, name, ...rest].join("_");
      }
      if (DRESS.has(name)) {
        const inside = this.match(/\s*\{\s*([A-Za-z0-9]+)\s*\}/);
        if (!inside) throw this.fail(say("{command} needs a name, as in {example}.", { command: `\\${name}`, example: `\\${name}{x}` }), place);
        return inside[1];
      }
      if (GREEK.includes(name) || has(FUNCTIONS, name)) return name;
      throw this.fail(say("The command {name} is not known here.", { name: `\\${name}` }), place);
    }

    letter() {
      const found = this.match(/[A-Za-z]/);
      return found ? found[0] : this.base();
    }

    isLetterAhead() {
      return this.at < this.text.length && (this.text[this.at] === "\\" || has(LETTERS, this.text[this.at]));
    }

    subscript() {
      const place = this.at;
      let found = this.match(/[A-Za-z0-9]+/);
      if (found) return found[0];
      if (this.match(/\{/)) {
        const parts = [];
        while (!this.match(/\s*\}/)) {
          this.match(/[\s,]+/);
          if ((found = this.match(/[A-Za-z0-9]+/))) parts.push(found[0]);
          else if (this.isLetterAhead()) parts.push(this.base());
          else if (this.text[this.at] === "}") continue;
          else throw this.fail(say("This subscript cannot be read."), place);
        }
        return parts.join("_");
      }
      if (this.isLetterAhead()) return this.base();
      throw this.fail(say("A subscript needs a letter or a number, as in x_1."), place);
    }
  }

  // ------------------------------------------------------------ from tokens to a tree
  const OPENING = { "(": ")", "[": "]", "{": "}" };
  const BEGINS = new Set(["num", "word", "infinity", "frac", "root", "(", "[", "{"]);

  class Parser {
    constructor(text, symbols) {
      this.text = text;
      this.names = new Map(symbols.map((name) => [key(name), name]));
      this.tokens = new Scanner(text).scan();
      this.at = this.depth = this.bars = 0;
    }

    fail(message, place = this.place) {
      return new Unread(message, this.text, place);
    }

    get place() {
      return this.at < this.tokens.length ? this.tokens[this.at].place : this.text.length;
    }

    get next() {
      return this.at < this.tokens.length ? this.tokens[this.at].kind : "end";
    }

    take() {
      this.at += 1;
      return this.tokens[this.at - 1];
    }

    whole() {
      if (this.tokens.length === 0) throw this.fail(say("There is nothing here yet: type an answer."));
      const tree = this.sum();
      if (this.next !== "end") {
        throw this.fail(")]}".includes(this.next) ? say("This bracket closes none.") : say("What stands here belongs to nothing."));
      }
      return tree;
    }

    sum() {
      this.depth += 1;
      if (this.depth > DEEPEST) throw this.fail(say("There are too many brackets in brackets."));
      let left = this.product();
      while (this.next === "+" || this.next === "-") {
        const sign = this.take().kind;
        left = [sign, left, this.product()];
      }
      this.depth -= 1;
      return left;
    }

    get begins() {
      return BEGINS.has(this.next) || (this.next === "|" && !this.bars);
    }

    product() {
      let left = this.signed();
      for (;;) {
        if (this.next === "*") {
          this.take();
          left = ["*", left, this.signed()];
        } else if (this.next === "/") {
          this.take();
          const slash = this.at - 1;
          left = ["/", left, this.signed()];
          if (this.begins && !this.isFraction(slash)) throw this.fail(say("This can be read in two ways: write (1/2) x or 1/(2 x), with brackets."));
        } else if (this.begins) {
          if (this.next === "num") throw this.secondNumber();
          left = ["*", left, this.power()];
        } else return left;
      }
    }

    isSpace(at) {
      return /\s/.test(this.text[at]);
    }

    // Is it 1/2 and a space, as in 1/2 log(x)? That is half of what follows.
    isFraction(slash) {
      const parts = this.tokens.slice(slash - 1, this.at);
      if (parts.map((token) => token.kind).join(" ") !== "num / num") return false;
      const { place } = parts[1];
      if (this.isSpace(place - 1) || this.isSpace(place + 1) || !this.isSpace(this.place - 1)) return false;
      const kinds = ["(", ...this.tokens.slice(0, slash - 1).map((token) => token.kind)];
      if (!"+-".includes(kinds.at(-1))) return ["*", "(", "[", "{", "|"].includes(kinds.at(-1));
      while ("+-".includes(kinds.at(-1))) kinds.pop();
      return !["^", "/"].includes(kinds.at(-1));
    }

    secondNumber() {
      const isSplit = this.tokens[this.at - 1].kind === "num" && this.isSpace(this.place - 1);
      return this.fail(isSplit
        ? say("A number has no space inside. Between two numbers write * or a sign.")
        : say("Write * before this number, or ^ if it is a power."));
    }

    signed() {
      let signs = 0;
      while (this.next === "+" || this.next === "-") signs += this.take().kind === "-" ? 1 : 0;
      const tree = this.power();
      return signs % 2 ? ["-", tree] : tree;
    }

    power() {
      let base = this.primary();
      while (this.next === "%") {
        this.take();
        base = ["/", base, ["num", 100]];
      }
      if (this.next !== "^") return base;
      this.take();
      this.depth += 1;
      if (this.depth > DEEPEST) throw this.fail(say("There are too many powers of powers."));
      const exponent = this.signed();
      this.depth -= 1;
      return ["^", base, exponent];
    }

    primary() {
      const kind = this.next;
      const place = this.place;
      if (kind === "end") throw this.fail(say("Something is missing at the end."));
      if (kind === "num") return ["num", this.take().value[0]];
      if (kind === "infinity") {
        this.take();
        return ["num", Infinity];
      }
      if (kind === "frac") {
        this.take();
        const above = this.argument("\\frac");
        return ["/", above, this.argument("\\frac")];
      }
      if (kind === "root") return this.root();
      if (has(OPENING, kind)) return this.bracket();
      if (kind === "|") {
        this.take();
        this.bars += 1;
        const inside = this.sum();
        if (this.next !== "|") throw this.fail(say("The closing bar | is missing here."));
        this.take();
        this.bars -= 1;
        return ["fn", "abs", inside];
      }
      if (kind === "word") return this.word(this.take().value, place);
      if (")]}".includes(kind)) throw this.fail(say("Something is missing before this bracket."));
      throw this.fail(say("Something is missing before {sign}.", { sign: kind }));
    }

    bracket() {
      const opening = this.take();
      const bars = this.bars;
      this.bars = 0;
      const missing = OPENING[opening.kind];
      if (this.next === missing) throw this.fail(say("There is nothing between these brackets."));
      const inside = this.sum();
      if (this.next !== missing) {
        if (this.next === "end") throw this.fail(say("The bracket that opens here has no {sign}.", { sign: missing }), opening.place);
        throw this.fail(say("A closing {sign} is missing here.", { sign: missing }));
      }
      this.take();
      this.bars = bars;
      return inside;
    }

    // Of a fraction: a group in braces, or one digit or letter, as in LaTeX.
    argument(name) {
      if (this.next === "{") return this.bracket();
      if (this.next === "num") {
        const { value, place } = this.tokens[this.at];
        const digits = value[1];
        if (/^\d+$/.test(digits)) { // \frac12
          const rest = digits.slice(1);
          if (rest) this.tokens[this.at] = { kind: "num", value: [Number(rest), rest], place: place + 1 };
          else this.at += 1;
          return ["num", Number(digits[0])];
        }
      }
      if (this.next === "word") {
        const place = this.place;
        return this.word(this.take().value, place);
      }
      throw this.fail(say("{command} needs two groups in braces, as in {example}.", { command: name, example: "\\frac{1}{2}" }));
    }

    root() {
      this.take();
      const degree = this.next === "[" ? this.bracket() : null;
      if (!["{", "(", "num", "word"].includes(this.next)) {
        throw this.fail(say("\\sqrt needs something in braces, as in \\sqrt{2}."));
      }
      const inside = this.primary();
      return degree ? ["^", inside, ["/", ["num", 1], degree]] : ["fn", "sqrt", inside];
    }

    word(word, place) {
      const short = key(word);
      if (this.names.has(short)) return ["sym", this.names.get(short)];
      if (has(FUNCTIONS, short)) return this.function(short, place);
      if (has(CONSTANTS, short)) return ["num", CONSTANTS[short]];
      if (INFINITE.has(short)) return ["num", Infinity];
      const greek = this.greekFor(word);
      if (greek) return ["sym", greek];
      const pieces = this.split(short);
      if (pieces.length) return pieces.map((piece) => this.piece(piece, place)).reduce((left, right) => ["*", left, right]);
      const found = /^([A-Za-z]+)(\d+)$/.exec(word);
      if (found && (this.names.has(key(found[1])) || GREEK.includes(found[1]))) {
        throw this.fail(say("{word} can be read in two ways: write {a}^{b} or {b}*{a}.", { word, a: found[1], b: found[2] }), place);
      }
      if (found && has(FUNCTIONS, found[1])) {
        throw this.fail(say("Write {name}({number}), with brackets.", { name: found[1], number: found[2] }), place);
      }
      throw this.unknown(word, place);
    }

    unknown(word, place) {
      if (UNITS.has(word)) return this.fail(say("Leave the unit out."), place);
      const names = [...this.names.values()];
      const alike = names.filter((name) => key(name).toLowerCase() === key(word).toLowerCase());
      if (alike.length === 1) {
        return this.fail(say("{word} is not known here. Did you mean {name}? Capital and small letters differ.", { word, name: alike[0] }), place);
      }
      if (!names.length) return this.fail(say("{word} is not known here: the answer is a number without symbols.", { word }), place);
      const known = names.length === 1 ? names[0] : say("{names} and {last}", { names: names.slice(0, -1).join(", "), last: names.at(-1) });
      return this.fail(say("{word} is not known here: the answer is made of {known}.", { word, known }), place);
    }

    // s stands for sigma, if no other Greek symbol of the question begins with s.
    greekFor(word) {
      if (!/^[A-Za-z]$/.test(word)) return null;
      const alike = [...this.names.values()].filter((name) => GREEK.includes(name) && name[0] === word);
      return alike.length === 1 ? alike[0] : null;
    }

    // The one way to read a word as a product of names: xa, or Dlog.
    split(word) {
      if (!/^[A-Za-z]+$/.test(word)) return [];
      const ways = Array.from({ length: word.length + 1 }, () => []);
      ways[word.length].push([]);
      for (let start = word.length - 1; start >= 0; start -= 1) {
        for (let end = start + 1; end <= word.length; end += 1) {
          const piece = word.slice(start, end);
          const isName = this.names.has(piece) || has(CONSTANTS, piece);
          const isLast = end === word.length && has(FUNCTIONS, piece);
          if (isName || isLast) for (const rest of ways[end].slice(0, 2)) ways[start].push([piece, ...rest]);
        }
      }
      return ways[0].length === 1 && ways[0][0].length > 1 ? ways[0][0] : [];
    }

    piece(name, place) {
      if (this.names.has(name)) return ["sym", this.names.get(name)];
      return has(FUNCTIONS, name) ? this.function(name, place) : ["num", CONSTANTS[name]];
    }

    function(shown, place) {
      const name = { ln: "log", Abs: "abs" }[shown] ?? shown;
      let exponent = null;
      if (this.next === "^") {
        this.take();
        exponent = this.next === "{" ? this.bracket() : this.signed();
        if (exponent[0] !== "num") throw this.fail(say("Write the power after the bracket, as in {name}(x)^2.", { name: shown }), place);
      }
      let inside;
      if (has(OPENING, this.next)) inside = this.bracket();
      else {
        if (name === "log2" || name === "log10") {
          const base = name.slice(3);
          throw this.fail(say("Write log({base}) for a logarithm of {base}, or {name}(8) for the logarithm to the base {base}.", { base, name }), place);
        }
        if (!BEGINS.has(this.next) && this.next !== "|") throw this.fail(say("{name} needs brackets, as in {name}(x).", { name: shown }));
        inside = this.power();
        const isFunction = this.next === "word" && has(FUNCTIONS, key(this.tokens[this.at].value));
        if (this.begins && !isFunction) throw this.fail(say("How far does this {name} reach? Write brackets: {name}(...).", { name: shown }), place);
      }
      const tree = ["fn", name, inside];
      return exponent ? ["^", tree, exponent] : tree;
    }
  }

  function parse(text, symbols = []) {
    if (text.length > LONGEST) throw new Unread(say("This is too long: at most {most} characters.", { most: LONGEST }), text, LONGEST);
    return new Parser(text, symbols).whole();
  }

  // ------------------------------------------------------------ from a tree to a number
  function evaluate(tree, at) {
    const [kind, a, b] = tree;
    if (kind === "num") return a;
    if (kind === "sym") return at[a];
    if (kind === "fn") return FUNCTIONS[a](evaluate(b, at));
    if (tree.length === 2) return -evaluate(a, at);
    const left = evaluate(a, at);
    const right = evaluate(b, at);
    if (kind === "+") return left + right;
    if (kind === "-") return left - right;
    if (kind === "*") return left * right;
    return kind === "^" ? left ** right : left / right;
  }

  function namesIn(tree, found = new Set()) {
    if (tree[0] === "sym") found.add(tree[1]);
    for (const part of tree.slice(1)) if (Array.isArray(part)) namesIn(part, found);
    return found;
  }

  // ------------------------------------------------------------ from a tree to LaTeX
  function latexOfName(name) {
    let [letter, ...rest] = name.split("_");
    if (GREEK.includes(letter)) letter = `\\${letter}`;
    else if (letter.length > 1) letter = /^[A-Za-z]\d+$/.test(letter) ? `${letter[0]}_{${letter.slice(1)}}` : `\\mathrm{${letter}}`;
    if (ACCENTS.has(rest[0])) letter = `\\${rest.shift()}{${letter}}`;
    const below = rest.map((part) => (GREEK.includes(part) ? `\\${part}` : part.length > 1 && !/^\d+$/.test(part) ? `\\mathrm{${part}}` : part));
    return below.length ? `${letter}_{${below.join(",")}}` : letter;
  }

  const NAMED = new Map([[Math.PI, "\\pi"], [Math.E, "e"], [Infinity, "\\infty"]]);

  function latexOfNumber(value) {
    if (NAMED.has(value)) return NAMED.get(value);
    const text = String(value);
    const [digits, exponent] = text.split("e");
    return exponent ? `${digits} \\cdot 10^{${Number(exponent)}}` : digits;
  }

  // How tightly a tree holds together: 1 a sum, 2 a product or a sign, 3 a power, 4 the rest.
  function rank([kind, a], length) {
    if (kind === "fn") return a === "abs" || a === "sqrt" || a === "exp" ? 4 : 3;
    if (kind === "num") return String(a).includes("e") ? 2 : 4;
    if (kind === "sym" || kind === "/") return kind === "/" ? 3 : 4;
    if (kind === "^") return 3;
    return kind === "*" ? 2 : length === 2 ? 1.5 : 1;
  }

  function latex(tree) {
    const [kind, a, b] = tree;
    const inside = (part, least) => {
      const text = latex(part);
      return rank(part, part.length) >= least ? text : `\\left(${text}\\right)`;
    };
    if (kind === "num") return latexOfNumber(a);
    if (kind === "sym") return latexOfName(a);
    if (kind === "fn") {
      if (a === "sqrt") return `\\sqrt{${latex(b)}}`;
      if (a === "abs") return `\\left|${latex(b)}\\right|`;
      if (a === "sigmoid" || a === "softplus") return `\\mathrm{${a}}\\left(${latex(b)}\\right)`;
      const name = a === "log2" ? "\\log_{2}" : a === "log10" ? "\\log_{10}" : `\\${a}`;
      return `${name}\\left(${latex(b)}\\right)`; // always with brackets: how far it reaches is seen
    }
    if (tree.length === 2) return `-${inside(a, 2)}`;
    if (kind === "+") return `${latex(a)} + ${inside(b, 1.6)}`;
    if (kind === "-") return `${latex(a)} - ${inside(b, 1.6)}`;
    if (kind === "/") return `\\frac{${latex(a)}}{${latex(b)}}`;
    if (kind === "^") {
      if (a[0] === "fn" && a[1] !== "abs") return `\\left(${latex(a)}\\right)^{${latex(b)}}`;
      return `${a[0] === "/" || a[0] === "^" ? `\\left(${latex(a)}\\right)` : inside(a, 4)}^{${latex(b)}}`;
    }
    const right = inside(b, 2);
    const between = /^[\d.]/.test(right) || (/\d$/.test(latex(a)) && /^\\frac/.test(right)) ? " \\cdot " : " \\, ";
    return `${inside(a, 2)}${between}${right}`;
  }

  // ------------------------------------------------------------ a verdict
  // The rules of exercises/judge.py, in their order.
  const SAME = 1e-7;
  const WITHIN = 0.005;
  const number = (stored) => (stored === "oo" ? Infinity : stored === "-oo" ? -Infinity : stored);
  const verdict = (ok, why, says, caret) => ({ ok, why, says, caret });

  function same(a, b, within) {
    if (!Number.isFinite(a) || !Number.isFinite(b)) return a === b;
    return Math.abs(a - b) <= within * (Math.abs(b) + (within === SAME ? 0.01 : 0));
  }
  const allSame = (a, b, within) => a.every((value, i) => same(value, b[i], within));
  const constant = (values) => values.every(Number.isFinite) && allSame(values, values.map(() => values[0]), SAME);
  const short = (value) => String(Number(value.toPrecision(4))).replaceAll("-", "−");
  const shown = (point) => Object.entries(point).map(([name, value]) => `$${latexOfName(name)} = ${short(value)}$`).join(", ");
  const named = (name) => `$${latexOfName(name)}$`;

  function judge(question, text) {
    const { symbols, points, values, wrong = [], kind } = question;
    let tree;
    try {
      tree = parse(text, symbols);
    } catch (error) {
      if (!(error instanceof Unread)) throw error;
      return verdict(false, "unread", error.message, error.shown);
    }
    const places = points.map((point) => Object.fromEntries(symbols.map((name, i) => [name, point[i]])));
    const right = values.map(number);
    const rule = (at) => evaluate(tree, at);
    const given = places.map(rule);
    const isNumber = kind === "number";
    const exact = isNumber && question.exact;
    const within = isNumber ? question.within ?? WITHIN : SAME;
    const bad = given.findIndex((value, i) => Number.isNaN(value) || (!isNumber && !Number.isFinite(value) && Number.isFinite(right[i])));
    if (bad >= 0) {
      const says = symbols.length
        ? say("At {values} yours is no real number: a logarithm or a root of a negative number, or a division by zero.", { values: shown(places[bad]) })
        : say("Yours is no real number: a logarithm or a root of a negative number, or a division by zero.");
      return verdict(false, "undefined", says);
    }
    if (allSame(given, right, exact ? 1e-9 : within)) return verdict(true, "right", say("Right."));
    const mistake = wrong.find((one) => allSame(given, one.values.map(number), exact ? 1e-6 : within));
    if (mistake) return verdict(false, "known", mistake.says);
    if (allSame(given, right.map((value) => -value), within)) return verdict(false, "sign", say("Only the sign is off."));
    return isNumber ? judgeNumber(given[0], right[0], text) : judgeFormula(question, rule, namesIn(tree), places, given, right);
  }

  // Is what was typed the right number, rounded to the digits that it has?
  function rounded(text, given, right) {
    const found = /^\s*[-−]?\s*\d*\.?(\d*)\s*$/.exec(text);
    return found !== null && Math.abs(given - right) <= 0.5000001 * 10 ** -found[1].length;
  }

  function judgeNumber(given, right, text) {
    if (!Number.isFinite(given) && Number.isFinite(right)) return verdict(false, "undefined", say("That is no finite number."));
    if (Number.isFinite(given) && Number.isFinite(right) && right !== 0) {
      const ratio = given / right;
      if (same(ratio, Math.LN2, WITHIN) || same(ratio, 1 / Math.LN2, WITHIN)) {
        return verdict(false, "unit", say("Nats or bits? Yours is in the other unit."));
      }
      if (same(ratio, 2, WITHIN) || same(ratio, 0.5, WITHIN)) return verdict(false, "two", say("A factor of two is off."));
      if ([-4, -3, -2, -1, 1, 2, 3, 4].some((n) => same(ratio, 10 ** n, WITHIN))) {
        return verdict(false, "ten", say("A power of ten is off."));
      }
      if (Math.abs(ratio - 1) < 0.06 && rounded(text, given, right)) {
        return verdict(false, "near", say("Right as far as it goes. Give one more digit, or the exact expression."));
      }
    }
    return given < right ? verdict(false, "small", say("That is too small.")) : verdict(false, "large", say("That is too large."));
  }

  function judgeFormula(question, rule, names, places, given, right) {
    if (right.every(Boolean) && given.every(Boolean)) {
      if (constant(given.map((a, i) => a / right[i]))) return verdict(false, "factor", say("Right but for a constant factor."));
      if (constant(given.map((a, i) => a * right[i]))) {
        return verdict(false, "upside-down", say("This is upside down: numerator and denominator have changed places."));
      }
    }
    if (constant(given.map((a, i) => a - right[i]))) {
      return verdict(false, "constant", say("Right but for a constant that is added or missing."));
    }
    if (right.every((r) => r > 0) && allSame(given, right.map(Math.log), SAME)) {
      return verdict(false, "log", say("This is the logarithm of what is asked."));
    }
    if (right.every((r) => r < 700) && allSame(given, right.map(Math.exp), SAME)) {
      return verdict(false, "exp", say("This is the exponential of what is asked."));
    }
    const changed = (change) => allSame(places.map((at) => rule({ ...at, ...change(at) })), right, SAME);
    const own = question.symbols.filter((name) => names.has(name));
    for (let i = 0; i < own.length; i += 1) {
      for (let j = i + 1; j < own.length; j += 1) {
        const [a, b] = [own[i], own[j]];
        if (changed((at) => ({ [a]: at[b], [b]: at[a] }))) {
          return verdict(false, "swap", say("Two symbols have changed places: {a} and {b}.", { a: named(a), b: named(b) }));
        }
      }
    }
    for (const a of own) {
      if (changed((at) => ({ [a]: -at[a] }))) return verdict(false, "mirror", say("The sign of {a} is off.", { a: named(a) }));
      for (const power of [2, 0.5]) {
        if (changed((at) => ({ [a]: Math.abs(at[a]) ** power }))) {
          return verdict(false, "square", say("Is it {a}, its square or its root? One stands for another.", { a: named(a) }));
        }
      }
    }
    for (const name of question.symbols) {
      if (question.needs.includes(name) && !names.has(name)) {
        return verdict(false, "missing", say("The answer depends on {name}, and yours does not contain it.", { name: named(name) }));
      }
    }
    for (const name of question.symbols) {
      if (names.has(name) && !question.needs.includes(name)) return verdict(false, "extra", say("The answer does not depend on {name}.", { name: named(name) }));
    }
    if (allSame(given, right, 0.02)) {
      return verdict(false, "near", say("Nearly: is a number rounded? Write log(2), for instance, and not 0.69."));
    }
    const gaps = given.map((a, i) => Math.abs(a - right[i]) / (Math.abs(a) + Math.abs(right[i])));
    const worst = gaps.indexOf(Math.max(...gaps));
    return verdict(false, "parts", say("At {values} yours is {given}, and right is {right}.", { values: shown(places[worst]), given: short(given[worst]), right: short(right[worst]) }));
  }

  return { parse, evaluate, namesIn, latex, latexOfNumber, judge, Unread };
})();

// ---------------------------------------------------------------- on the page
(() => {
  if (typeof document === "undefined") return;

  function element(parent, tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  }

  // A formula drawn by the page's own MathJax, or its text while that is not ready.
  function draw(target, latex, plain) {
    const node = window.MathJax?.tex2svg?.(latex, { display: false });
    if (node && !node.querySelector("[data-mjx-error], mjx-merror")) target.append(node);
    else target.append(plain);
  }

  // A sentence of the declaration, with $formulas$, `code` and *emphasis*.
  function write(target, text) {
    for (const piece of text.split(/(\$[^$]+\$|`[^`]+`|\*[^*\s][^*]*\*)/)) {
      const inside = piece.slice(1, -1);
      if (/^\$.+\$$/.test(piece)) draw(target, inside, inside);
      else if (/^`.+`$/.test(piece)) element(target, "code", "", inside);
      else if (/^\*.+\*$/.test(piece)) element(target, "em", "", inside);
      else target.append(piece);
    }
  }

  // "≈ 1.3294", "= 0.5", and nothing of what is a number already.
  function worth(tree) {
    const value = Attempts.evaluate(tree, {});
    if (!Number.isFinite(value) || tree[0] === "num" || (tree.length === 2 && tree[1][0] === "num")) return "";
    const rounded = Number(value.toPrecision(5));
    return ` ${Math.abs(rounded - value) <= 1e-12 * Math.abs(value) ? "=" : "\\approx"} ${Attempts.latexOfNumber(rounded)}`;
  }

  // What scrolls sideways must be reachable by keyboard.
  function openToTheKeyboard(box) {
    for (const part of box.querySelectorAll("mjx-container, .attempt-caret")) {
      if (part.clientWidth > 0 && part.scrollWidth > part.clientWidth + 1) part.tabIndex = 0;
    }
  }

  class Field {
    constructor(form, question) {
      Object.assign(this, { form, question, hints: 0 });
      this.input = form.querySelector("input[type=text]");
      this.preview = form.querySelector(".attempt-preview");
      this.note = form.querySelector(".attempt-note");
      this.reply = form.querySelector(".attempt-reply");
      this.help = form.querySelector(".attempt-hint");
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.check();
      });
      this.help.addEventListener("click", () => this.hint());
      this.input?.addEventListener("input", () => {
        this.forget();
        this.show();
      });
      form.addEventListener("change", () => this.input ?? this.forget());
      if (this.input?.value) this.show(); // what the browser kept over a reload
    }

    // While one types: the formula as it was understood, and of a number its value.
    show() {
      const { symbols, kind } = this.question;
      this.preview.querySelector(".attempt-formula")?.remove();
      this.note.hidden = false;
      if (!this.input.value.trim()) return;
      let tree;
      try {
        tree = Attempts.parse(this.input.value, symbols);
      } catch (error) {
        if (error instanceof Attempts.Unread) return; // it may not be finished: Check says it
        throw error;
      }
      const formula = element(this.preview, "span", "attempt-formula");
      formula.setAttribute("role", "img");
      formula.setAttribute("aria-label", this.input.value);
      draw(formula, Attempts.latex(tree) + (kind === "number" ? worth(tree) : ""), this.input.value);
      this.note.hidden = true;
      // What is too wide becomes smaller, down to a half; beyond that it scrolls.
      const room = this.preview.clientWidth / formula.scrollWidth;
      if (room < 1) formula.style.fontSize = `${Math.max(50, Math.floor(98 * room))}%`;
      this.preview.tabIndex = this.preview.scrollWidth > this.preview.clientWidth + 1 ? 0 : -1;
    }

    forget() {
      this.form.removeAttribute("data-state");
      this.input?.removeAttribute("aria-invalid");
      if (this.told) this.told.open = true;
      this.reply.querySelector(".attempt-verdict")?.remove();
    }

    verdict() {
      if (this.input) return Attempts.judge(this.question, this.input.value);
      const chosen = this.form.querySelector("input:checked");
      if (!chosen) return { ok: false, why: "unread", says: say("Choose one of the answers first.") };
      const { ok, says } = this.question.options[chosen.value];
      return { ok, why: "known", says: say(says) };
    }

    check() {
      const start = performance.now();
      const { ok, why, says, caret } = this.verdict();
      this.forget();
      const box = document.createElement("div");
      box.className = "attempt-verdict";
      const state = ok ? "right" : why === "unread" ? "unread" : "wrong";
      this.form.dataset.state = state;
      const line = element(box, "p");
      const wrong = say("Not yet.");
      element(line, "b", "", { right: "✓ ", wrong: `✗ ${wrong} `, unread: "? " }[state]);
      write(line, says);
      if (caret) element(box, "div", "attempt-caret", caret);
      this.reply.prepend(box);
      if (ok && this.told) this.told.open = false; // what is solved needs no hint
      openToTheKeyboard(box);
      if (this.input && state !== "right") this.input.setAttribute("aria-invalid", "true");
      this.form.dataset.took = (performance.now() - start).toFixed(1);
      if (state === "wrong") setTimeout(() => this.hint()); // the verdict does not wait for it
    }

    hint() {
      const { hints } = this.question;
      if (this.hints < hints.length) {
        if (!this.told) {
          this.told = element(this.reply, "details", "attempt-hints");
          element(this.told, "summary", "", say("The hints"));
        }
        this.told.open = true;
        const line = element(this.told, "p", "attempt-hint-text");
        const which = { which: this.hints + 1, all: hints.length };
        element(line, "b", "", say("Hint {which} of {all}:", which) + " ");
        write(line, hints[this.hints]);
        openToTheKeyboard(line);
        this.hints += 1;
      }
      this.help.disabled = this.hints >= hints.length;
    }
  }

  function mount() {
    for (const box of document.querySelectorAll(".attempts")) {
      const data = box.querySelector("script[type='application/json']");
      const bytes = Uint8Array.from(atob(JSON.parse(data.textContent)), (char) => char.charCodeAt(0));
      const questions = JSON.parse(new TextDecoder().decode(bytes));
      for (const form of box.querySelectorAll("form.attempt")) new Field(form, questions[form.dataset.place]);
    }
  }

  mount(); // the script is deferred: the page has been read
  // What a browser kept over a reload is drawn once MathJax is there.
  window.addEventListener("load", () => window.MathJax?.startup?.promise?.then(() => {
    document.querySelectorAll(".attempts").forEach(openToTheKeyboard);
    for (const input of document.querySelectorAll(".attempt input[type=text]")) if (input.value) input.dispatchEvent(new Event("input"));
  }));
})();
