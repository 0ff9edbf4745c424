"""Style sheet of the page: a grid of cards in the colours of the figures.

Figures are drawn for the window's width, so that their text keeps its size; in a narrow window cards stand below each other.
"""

from __future__ import annotations

from neuronet.plotting import style

STYLE = f"""
html {{ overflow-y: auto !important; }}
.lab {{ display: grid; grid-template-columns: 216px auto; justify-content: start; gap: 8px; padding: 8px; background: #f4f5f7;
  min-height: 100vh; box-sizing: border-box; font-family: "DejaVu Sans", Verdana, sans-serif; font-size: 13px;
  color: {style.INK}; }}
.lab-card {{ background: white; border: 1px solid #dfe1e6; border-radius: 6px; padding: 6px 8px; box-sizing: border-box; }}
.lab-title {{ font-weight: bold; line-height: 20px; display: flex; justify-content: space-between; gap: 12px; }}
.lab-title span {{ white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }}
.lab-note {{ font-weight: normal; color: {style.MUTED}; font-size: 12px; }}
.lab-main {{ display: grid; gap: 8px; align-content: start; }}
.lab-row {{ display: flex; gap: 8px; }}
.lab-head {{ display: flex; gap: 24px; align-items: baseline; height: 32px; line-height: 18px; white-space: nowrap; }}
.lab-head span:last-child {{ overflow: hidden; text-overflow: ellipsis; }}
.lab-error {{ color: #b00020; }}
.lab-controls {{ display: flex; flex-direction: column; }}
.lab-buttons {{ display: flex; gap: 3px; align-items: center; }}
.lab .lab-controls .lab-buttons .v-btn {{ padding: 0 5px; min-width: 0; }}
.lab-pair {{ display: grid; grid-template-columns: 52px minmax(0, 1fr); gap: 10px; align-items: start; }}
.lab .lab-row .lab-buttons {{ flex-wrap: wrap; gap: 4px; }}
.lab .lab-row .lab-buttons .v-btn {{ font-size: 11.5px; padding: 0 5px; }}
.lab-heading {{ font-weight: bold; margin-top: 12px; line-height: 18px; }}
.lab-label {{ font-size: 12px; margin-top: 8px; line-height: 16px; }}
.lab .v-input {{ font-size: 13px; flex: 0 0 auto; margin-top: 0; padding-top: 0; }}
.lab .lab-choice, .lab .lab-seed {{ margin-top: 0; padding-top: 0; }}
.lab .lab-slide .v-input__slot {{ margin-bottom: 0; min-height: 24px; }}
.lab .lab-slide .v-slider--horizontal {{ min-height: 24px; margin: 0 4px; }}
.lab .v-select__selection, .lab .v-text-field input {{ font-size: 13px; color: {style.INK}; }}
.lab .lab-alone label {{ font-size: 12px; color: {style.INK}; }}
.lab .lab-alone .v-input--selection-controls__input {{ margin-right: 0; transform: scale(0.75); }}
.lab .v-btn {{ text-transform: none; letter-spacing: 0; font-family: inherit; font-size: 12px; min-width: 0; padding: 0 6px; }}
.lab-main, .lab-row {{ background: #f4f5f7; }}
.lab-term {{ text-decoration: underline dotted {style.MUTED}; text-underline-offset: 3px; cursor: help; }}
.lab-reason {{ font-size: 12px; line-height: 15px; color: {style.MUTED}; }}
.lab .lab-seed .v-messages__message {{ font-size: 12px; line-height: 14px; color: #b00020; }}
.lab .lab-save {{ position: absolute; right: 0; top: -24px; width: 22px; height: 22px; line-height: 22px; text-align: center;
  font-size: 14px; color: {style.MUTED}; text-decoration: none; border-radius: 4px; background: rgba(255, 255, 255, 0.8); }}
.lab .lab-save:hover, .lab .lab-save:focus {{ background: #e8eaee; color: {style.INK}; }}
.lab-code pre {{ overflow-x: auto; font-size: 12px; line-height: 17px; margin: 4px 0 0; white-space: pre-wrap; }}
.lab-code summary {{ cursor: pointer; font-weight: bold; line-height: 20px; }}
@media (max-width: 1279px) {{
  .lab {{ grid-template-columns: 216px minmax(0, 1fr); }}
  .lab-main {{ grid-template-columns: minmax(0, 1fr); }}
  .lab-row {{ flex-wrap: wrap; }}
  .lab .lab-row .lab-buttons {{ padding-right: 26px; }}
  .lab-row .lab-card {{ max-width: 100%; overflow-x: auto; }}
  .lab-head {{ height: auto; flex-wrap: wrap; gap: 0 24px; }}
}}
@media (max-width: 700px) {{
  .lab {{ grid-template-columns: minmax(0, 1fr); }}
  .lab .lab-alone {{ position: static !important; }}
}}
"""
