// SPDX-License-Identifier: Apache-2.0

extension HTMLReport {
    /// The style sheet for light and dark color schemes, and for wide and narrow screens.
    static let style = colors + page + matrix + sections + narrow

    private static let colors = """
        :root {
          --ground: #f5f6f8; --card: #ffffff; --ink: #171c22; --dim: #5b6571; --line: #e2e6eb;
          --good: #14703f; --good-soft: #e1f3e9; --bad: #b3261e; --bad-soft: #fce8e6;
          --warn: #8a5a00; --warn-soft: #fbf0d5; --new: #1d4fbf; --new-soft: #e5edfd;
          --calm: #4c5763; --calm-soft: #edf0f3;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #0e1216; --card: #161b21; --ink: #e7ebf0; --dim: #96a2af; --line: #28303a;
            --good: #58c98b; --good-soft: #12301f; --bad: #ff8f83; --bad-soft: #3b1715;
            --warn: #f0bd55; --warn-soft: #34280c; --new: #8fb2ff; --new-soft: #16264a;
            --calm: #a4afbb; --calm-soft: #222931;
          }
        }
        .good { --tone: var(--good); --soft: var(--good-soft); }
        .bad { --tone: var(--bad); --soft: var(--bad-soft); }
        .warn, .unfinished { --tone: var(--warn); --soft: var(--warn-soft); }
        .changed { --tone: var(--new); --soft: var(--new-soft); }
        .calm, .unchanged { --tone: var(--calm); --soft: var(--calm-soft); }

        """

    private static let page = """
        * { box-sizing: border-box; }
        body {
          margin: 0 auto; padding: 2rem clamp(1rem, 3vw, 2.5rem) 3rem; max-width: 90rem;
          background: var(--ground); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
          overflow-wrap: anywhere;
        }
        code, small { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
        code { font-size: .86em; }
        small { display: block; color: var(--dim); font-size: .78em; }
        header { margin-bottom: 1.75rem; }
        .kicker { margin: 0; color: var(--dim); font-size: .85rem; letter-spacing: .04em; }
        h1 { margin: .2rem 0; font-size: clamp(1.5rem, 3.2vw, 2.1rem); line-height: 1.2; letter-spacing: -.01em; }
        h1::before {
          content: "✓"; display: inline-grid; place-items: center; width: 1.35em; height: 1.35em;
          margin-right: .45em; border-radius: 50%; background: var(--soft); color: var(--tone);
          font-size: .72em; vertical-align: .12em;
        }
        h1.bad::before { content: "!"; font-weight: 800; }
        h2 { margin: 0 0 .75rem; font-size: 1.05rem; }
        .when { margin: 0 0 1.25rem; color: var(--dim); }
        .bar { display: block; width: 100%; height: 10px; border-radius: 5px; background: var(--line); }
        .bar rect { fill: var(--tone); }
        .bar .unchanged { fill: var(--good); }
        .legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .6rem 0 0; padding: 0; list-style: none; font-size: .9rem; }
        .legend i { display: inline-block; width: .75em; height: .75em; margin-right: .4em; border-radius: 3px; background: var(--tone); }
        .legend .unchanged i { background: var(--good); }
        .legend b { font-variant-numeric: tabular-nums; }
        .marks { color: var(--dim); }
        .counts { margin: .5rem 0 1.25rem; color: var(--dim); font-size: .9rem; }
        .figures {
          display: grid; grid-template-columns: repeat(auto-fit, minmax(min(11rem, 42%), 1fr)); gap: .75rem; margin: 0;
        }
        .figures div, section, #images {
          background: var(--card); border: 1px solid var(--line); border-radius: 10px;
        }
        .figures div { padding: .8rem 1rem; }
        .figures dt { color: var(--dim); font-size: .85rem; }
        .figures dd { margin: 0; }
        .figures b { display: block; font-size: 1.45rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
        .figures span { color: var(--dim); font-size: .85rem; }
        #tools { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin: 1.1rem 0 .9rem; }
        #tools[hidden] { display: none; }
        #search {
          flex: 1 1 15rem; max-width: 24rem; padding: .5rem .8rem; font: inherit; color: inherit;
          background: var(--card); border: 1px solid var(--line); border-radius: 8px;
        }
        .chips { display: flex; flex-wrap: wrap; gap: .4rem; }
        .chips button {
          padding: .35rem .75rem; font: inherit; font-size: .9rem; color: var(--ink); cursor: pointer;
          background: var(--card); border: 1px solid var(--line); border-radius: 99px;
        }
        .chips span { margin-left: .2em; color: var(--dim); font-variant-numeric: tabular-nums; }
        .chips [aria-pressed="true"] { background: var(--ink); border-color: var(--ink); color: var(--ground); }
        .chips [aria-pressed="true"] span { color: inherit; opacity: .7; }
        :focus-visible { outline: 2px solid var(--new); outline-offset: 2px; }
        #matches { color: var(--dim); font-size: .9rem; }
        footer { margin-top: 2rem; color: var(--dim); font-size: .85rem; }

        """

    private static let matrix = """
        table { width: 100%; border-collapse: separate; border-spacing: 0; }
        th { text-align: left; }
        .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        thead th {
          padding: .6rem .7rem; color: var(--dim); font-size: .82rem; font-weight: 600; white-space: nowrap;
        }
        thead button {
          padding: 0; font: inherit; color: inherit; background: none; border: 0; cursor: pointer;
        }
        thead button::after { content: " ↕"; opacity: .45; }
        [aria-sort] button { color: var(--ink); }
        [aria-sort="ascending"] button::after { content: " ↑"; opacity: 1; }
        [aria-sort="descending"] button::after { content: " ↓"; opacity: 1; }
        tbody > tr:first-child > * { border-top: 1px solid var(--line); }
        tbody th, tbody td { padding: .6rem .7rem; vertical-align: top; }
        #images .main th { width: 32%; font-weight: 600; }
        #images .main th small { padding-left: 1.05rem; font-weight: 400; }
        summary { padding-left: 1.05rem; text-indent: -1.05rem; cursor: pointer; list-style: none; }
        summary::-webkit-details-marker { display: none; }
        summary::before {
          content: "›"; display: inline-block; width: 1.05rem; color: var(--dim); text-indent: 0; transition: rotate .12s;
        }
        details[open] summary::before { rotate: 90deg; translate: -.25rem 0; }
        .badge {
          display: inline-block; padding: .08rem .55rem; border-radius: 6px; font-size: .84rem; font-weight: 600;
          white-space: nowrap; background: var(--soft); color: var(--tone);
        }
        .platform { white-space: nowrap; font-variant-numeric: tabular-nums; }
        .mark { color: var(--ink); }
        .mark.bad, .mark.warn { color: var(--tone); font-weight: 600; }
        .mark.calm { color: var(--dim); }
        .mark i {
          display: inline-grid; place-items: center; width: 1.3em; height: 1.3em; margin-right: .15em;
          border-radius: 50%; background: var(--soft); color: var(--tone);
          font-size: .8em; font-style: normal; font-weight: 700;
        }
        .others { color: var(--dim); }
        .digest span { display: block; white-space: nowrap; }
        .old { color: var(--dim); text-decoration: line-through; }
        .messages td { padding: 0 .7rem .6rem 1.75rem; }
        .messages p { margin: .15rem 0; max-width: 60rem; }
        .messages .hint { color: var(--dim); padding-left: 1rem; }
        .more { display: none; }
        tbody:has(details[open]) .more { display: table-row; }
        @supports not selector(:has(a)) { .more { display: table-row; } }
        .more td { padding: 0 .7rem .8rem 1.75rem; }
        .more dl {
          display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0;
          padding: .7rem .9rem; background: var(--ground); border-radius: 8px; font-size: .9rem;
        }
        .more dt { color: var(--dim); }
        .more dd { margin: 0; min-width: 0; }
        tbody[hidden] { display: none; }

        """

    private static let sections = """
        section { margin-top: 1.25rem; padding: 1rem 1.1rem; }
        .plain th, .plain td { padding: .4rem .7rem .4rem 0; font-weight: 400; }
        .plain thead th { font-weight: 600; }
        .slowest { display: grid; gap: .35rem; margin: 0; padding: 0; list-style: none; }
        .slowest li {
          display: grid; grid-template-columns: minmax(7rem, 14rem) 1fr 5.5rem; gap: 1rem; align-items: center;
        }
        .slowest svg { width: 100%; height: 8px; border-radius: 4px; background: var(--calm-soft); }
        .slowest rect { fill: var(--new); }
        .slowest b { font-weight: 500; text-align: right; font-variant-numeric: tabular-nums; }
        .findings { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
        .findings dt { font-weight: 600; }
        .findings dd { margin: 0; }
        .findings :target { background: var(--warn-soft); }
        .badge a { color: inherit; }
        .locks { margin: 0; padding-left: 1.1rem; }

        """

    private static let narrow = """
        @media screen and (max-width: 60rem) {
          #images { background: none; border: 0; }
          #images, #images tbody, .plain, .plain tbody { display: block; }
          #images thead, .plain thead {
            position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
          }
          #images tbody {
            margin-bottom: .75rem; padding: .8rem 1rem; background: var(--card);
            border: 1px solid var(--line); border-radius: 10px;
          }
          #images tbody[hidden] { display: none; }
          #images .main { display: flex; flex-wrap: wrap; gap: .55rem .9rem; align-items: flex-start; }
          #images tr > * { padding: 0; border: 0; }
          #images .main > * { flex: 1 1 6rem; }
          #images .main th { flex: 1 1 60%; width: auto; min-width: 0; }
          #images .main .outcome { flex: 0 0 auto; }
          #images .main .platform { flex: 1 1 9rem; white-space: normal; }
          #images .main .digest { order: 1; flex: 1 1 100%; }
          #images .digest span { display: inline; }
          #images td.number, .plain td.number { text-align: left; }
          #images td[data-label]::before, .plain td[data-label]::before {
            content: attr(data-label); display: block; color: var(--dim); font-size: .76rem;
          }
          #images td.others:empty { display: none; }
          #images .messages, #images .messages td, tbody:has(details[open]) .more td { display: block; }
          #images .messages { margin-top: .6rem; }
          tbody:has(details[open]) .more { display: block; margin-top: .6rem; }
          .more dl { grid-template-columns: 1fr; gap: 0; }
          .more dd { margin-bottom: .4rem; }
          .plain tr { display: grid; grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr)); gap: .3rem .9rem; padding: .6rem 0; border-top: 1px solid var(--line); }
          .plain tbody tr:first-child { border-top: 0; padding-top: 0; }
          .plain tr > * { padding: 0 !important; border: 0 !important; }
          .plain th { grid-column: 1 / -1; font-weight: 600 !important; }
          .slowest li { grid-template-columns: 1fr auto; gap: .1rem 1rem; }
          .slowest svg { grid-row: 2; grid-column: 1 / -1; }
        }
        @media print {
          :root {
            font-size: 10px;
            --ground: #fff; --card: #fff; --ink: #000; --dim: #444; --line: #bbb; --good: #14703f; --bad: #b3261e;
            --warn: #8a5a00; --new: #1d4fbf; --calm: #4c5763;
          }
          body { padding: 0; max-width: none; font-size: 9.5px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          #tools, summary::before, thead button::after { display: none; }
          tbody[hidden] { display: table-row-group; }
          #images { margin-top: 1rem; }
          tbody, section, .figures div { break-inside: avoid; }
          thead { display: table-header-group; }
        }
        """
}
