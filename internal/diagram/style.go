package diagram

// svgStyle is the style of pictures. The colours are the ones of Okabe and Ito, which people
// with any colour vision can tell apart. One colour is only for what is in flight.
const svgStyle = `
svg{color-scheme:light dark}
text{fill:#1b1b1b;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;unicode-bidi:isolate}
.bg{fill:#fff}
.head{font-size:15px;font-weight:600}
.note{fill:#595959;font-size:12px}
.m{text-anchor:middle}
.alarm,.wrong{fill:#b34700;font-weight:600}
.name{font-size:13px;font-weight:600}
.state,.flight,.wrong,.mono,.mono text{font:11px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
.tag{fill:#fff;fill-opacity:.88}
.flight{fill:#005a94}
.wrong,.b{font-weight:700}
.lane{stroke:#1b1b1b;stroke-width:1.2;fill:none}
.gone{stroke-dasharray:2 5}
.f{opacity:.4}
.cut{stroke:#1b1b1b;stroke-width:2.5;fill:none;stroke-linejoin:round}
.fold{stroke:#8a8a8a;stroke-width:5;stroke-dasharray:1 3;fill:none;opacity:.6}
.a,.a path{fill:none;stroke:#1b1b1b;stroke-width:1.1;stroke-linecap:round;stroke-linejoin:round}
.a.k,.a.k path{stroke:#8a8a8a;stroke-width:.9;stroke-dasharray:4 4}
.a.u,.a.u path{stroke-dasharray:5 4}
.a.i,.a.i path{stroke:#0072b2;stroke-width:2.2}
.a.i circle{fill:#0072b2}
.a.u circle{fill:#1b1b1b}
.a.q,.a.q path{stroke-width:1;opacity:.35}
.a.q circle{display:none}
.a.t path{stroke-width:6}
.a.w,.a.w path{stroke:#d55e00;stroke-width:2.2;stroke-dasharray:8 5;opacity:1}
.a.w.x,.a.w .x{stroke-dasharray:none;stroke-width:3}
.e{fill:#1b1b1b}
.d{stroke:#1b1b1b;stroke-width:6;stroke-linecap:round;fill:none}
.d.s{stroke-width:3.2}
.d.h{stroke-width:7.5}
.d.o{stroke:#fff;stroke-width:4.5}
.e.i{fill:#0072b2}
.d.i{stroke:#0072b2}
.e.w{fill:#d55e00}
.d.w{stroke:#d55e00}
.e.h{fill:#fff;stroke:#1b1b1b;stroke-width:1.5}
.e.h.i{stroke:#0072b2}
.e.h.w{stroke:#d55e00}
.bar0{fill:#b9b9b9}
.bar1{fill:#d9d9d9}
.late,.tick{fill:#1b1b1b}
.cell{fill:#0072b2}
@media (prefers-color-scheme:dark){
text{fill:#e8e8e8}
.bg{fill:#14171a}
.note{fill:#a9b0b6}
.alarm,.wrong{fill:#ff8c42}
.tag{fill:#14171a}
.flight{fill:#7cc4f0}
.lane,.cut,.a,.a path,.d{stroke:#e8e8e8}
.a.k,.a.k path,.fold{stroke:#8f969c}
.a.i,.a.i path,.d.i{stroke:#56b4e9}
.a.i circle,.e.i,.cell{fill:#56b4e9}
.a.w,.a.w path,.d.w{stroke:#d55e00}
.d.o{stroke:#14171a}
.e,.a.u circle,.late,.tick{fill:#e8e8e8}
.e.i{fill:#56b4e9}
.e.w{fill:#d55e00}
.e.h{fill:#14171a;stroke:#e8e8e8}
.e.h.i{stroke:#56b4e9}
.e.h.w{stroke:#d55e00}
.bar0{fill:#6b7178}
.bar1{fill:#454b51}
}
`

// pairStyle is what pictures of two snapshots add. What is equal in both is pale.
const pairStyle = `
.same{fill:#6b6b6b}
.flight.same{fill:#3a7ca5}
.a.same{opacity:.45}
@media (prefers-color-scheme:dark){
.same{fill:#979ea5}
.flight.same{fill:#6a9fc0}
}
`

// style returns the style of a picture.
func (p *Picture) style() string {
	if len(p.Cuts) > 1 {
		return svgStyle + pairStyle
	}
	return svgStyle
}
