// Puts the pages that a reader looks for first above the reference of the code.
var Scorer = {
  score: ([page, , , , score]) =>
    score + (/^(start|tutorials|guides|reference)/.test(page) ? 20 : /^made\/notebooks/.test(page) ? 5 : 0),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
