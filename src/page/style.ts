/**
 * The style sheet of the page: one accent colour, figures of equal width in tables, light and dark by the reader's choice, no fonts from
 * elsewhere.
 */
import { paletteStyle } from '../plot/palette.js';

export const style: string = `${paletteStyle(':root')}
:root{color-scheme:light dark}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:1.5rem clamp(1rem,3vw,2rem) 5rem;background:var(--background);color:var(--ink);font:16px/1.55 system-ui,'Segoe UI','DejaVu Sans',sans-serif}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 .3rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:0}
h3{font-size:1rem;margin:1.4rem 0 .4rem}
section>h2{margin:2.4rem 0 .7rem}
p{margin:.4rem 0;max-width:75ch}
a{color:var(--blue)}
:focus-visible{outline:2px solid var(--blue);outline-offset:3px}
.skip{position:absolute;left:-999px}
.skip:focus{position:static}
.muted,figcaption,caption{color:var(--muted)}
figcaption{font-size:.875rem;max-width:70ch}
.verdict{display:inline-block;margin:.5rem 0;padding:.15rem .7rem;border:1px solid var(--grid);border-radius:1rem;font-size:.925rem}
.verdict.bad{border-color:var(--orange);color:var(--orange);font-weight:600}
nav ul{list-style:none;margin:.8rem 0 0;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.925rem}
.scroll{overflow-x:auto;margin:.5rem 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.925rem}
caption{text-align:left;font-size:.875rem;padding-bottom:.3rem}
th,td{padding:.2rem .7rem;text-align:right;white-space:nowrap}
thead th{font-weight:500;color:var(--muted);border-bottom:1px solid var(--grid)}
tbody tr+tr>*{border-top:1px solid var(--grid)}
th:first-child,td:first-child{text-align:left;padding-left:0}
tbody th{font-weight:500;white-space:normal;overflow-wrap:anywhere;min-width:7rem;max-width:24rem}
tbody th.more{font-weight:400;color:var(--muted)}
.words thead th{text-align:left}
.words td{text-align:left;white-space:normal;min-width:12ch;vertical-align:top}
.words th{vertical-align:top}
.warnings{list-style:none;padding:0;margin:.5rem 0}
.warnings li{border-left:3px solid var(--orange);padding:.1rem 0 .1rem .9rem;margin:.8rem 0}
.warnings p{margin:.15rem 0}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,16rem),1fr));gap:.3rem 1.5rem;margin:.6rem 0;font-size:.925rem}
dl div{display:flex;gap:.6rem;justify-content:space-between;border-bottom:1px solid var(--grid);padding:.15rem 0}
dt{color:var(--muted)}
dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere;text-align:right}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:.6rem 1.5rem;align-items:start}
.charts.wide{grid-template-columns:repeat(auto-fill,minmax(min(100%,30rem),1fr))}
.scalar{border-top:1px solid var(--grid);padding:.7rem 0}
.scalar h3{margin:.1rem 0 .2rem}
.scalar .charts{grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr))}
.chains{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.4rem 0 .7rem;padding:0;font-size:.875rem}
.chains span{display:inline-block;width:1.3rem;height:3px;margin-right:.45rem;vertical-align:middle}
figure{margin:.6rem 0;min-width:0}
figure svg,.scalar svg,.charts svg,.long svg{max-width:100%;height:auto;display:block}
.charts.wide svg{width:100%;max-width:33rem}
.large>svg,.large>div:not(.charts)>svg{width:100%;max-width:34rem}
.long svg{min-width:44rem}
.natural svg{display:block}
.graph{overflow-x:auto;padding:1.6rem 0}
.graph svg{max-width:100%;height:auto;overflow:visible}
.graph [stroke="#333333"]{stroke:var(--ink)}
.graph [fill="#333333"]{fill:var(--ink)}
.graph [stroke="#888888"]{stroke:var(--muted)}
.graph [fill="#ffffff"]{fill:var(--background)}
.graph [fill="#c8c8c8"]{fill:var(--grid)}
.graph [stroke="#b0b0b0"]{stroke:var(--muted)}
.graph text{fill:var(--ink)}
.graph text[fill]{fill:var(--muted)}
details{border-top:1px solid var(--grid);margin-top:1rem;padding-top:.8rem}
details+details{margin-top:.8rem}
summary{cursor:pointer}
summary h2{display:inline}
pre{overflow-x:auto;padding:.8rem 1rem;border:1px solid var(--grid);border-radius:4px;font:.875rem/1.5 ui-monospace,'Cascadia Mono','DejaVu Sans Mono',monospace}
code{font-family:ui-monospace,'Cascadia Mono','DejaVu Sans Mono',monospace}
.keyword{color:var(--blue);font-weight:600}
.family{color:var(--purple)}
.data{color:var(--green)}
.comment{color:var(--muted);font-style:italic}
.number{color:var(--orange)}
.formulas{overflow-x:auto;padding:.2rem 0}
math{font-family:'STIX Two Math','Cambria Math','Latin Modern Math','DejaVu Math TeX Gyre',math;font-size:1.1rem;justify-content:flex-start}
math.tml-display{display:block math;text-align:left}
.tml-left{text-align:left}
.tml-right{text-align:right}
@media (max-width:700px){.graph svg{max-width:none}}
@media (max-width:480px){body{font-size:15px}th,td{padding:.2rem .45rem}}
@media print{details{display:block}}
`;
