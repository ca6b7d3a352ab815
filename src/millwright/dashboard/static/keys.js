// The keyboard; documented in the page's list of keys.

export function listenToKeys(actions) {
  const table = {
    r: actions.run, a: actions.clear, s: actions.stop, Escape: actions.stop, n: actions.shuffle, p: actions.nextPolicy,
    d: actions.takeOrHandOver, t: actions.turnTheme, "?": actions.help,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    const inBricks = event.target.closest("#bricks");
    const arrows = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 };
    if (inBricks && event.key in arrows) actions.moveChoice(arrows[event.key]);
    else if (inBricks && event.key === "Enter") actions.run();
    else if (/^[0-9]$/.test(event.key)) actions.chooseIndex(Number(event.key));
    else if (event.key in table) table[event.key]();
    else return;
    event.preventDefault();
  });
}
