"""Rows of results, and how they are shown."""
import html, statistics


class Row:
    """One figure of all contestants, as medians. What is named "mayfly" or "mayfly, …" is ours; `ours` is the one that
    the goal is about."""

    def __init__(self, id, what, unit, more, results, metric, left_out, goal="", judge=None, against=None, note="",
                 ours="mayfly"):
        self.id, self.what, self.unit, self.more = id, what, unit, more
        self.metric, self.raw, self.left_out, self.goal, self.note = metric, results, left_out, goal, note
        medians = {name: statistics.median(v[metric] for v in values) for name, values in results.items()}
        self.ours = medians.pop(ours)
        self.variants = {name: value for name, value in medians.items() if name.startswith("mayfly, ")}
        self.peers = {name: value for name, value in medians.items() if not name.startswith("mayfly")}
        self.against = against
        try:
            self.met = bool(judge(self)) if judge else None
        except (KeyError, ValueError):  # the peer it is measured by was left out
            self.met = None

    @property
    def ratios(self):
        """How many times better than a peer we are."""
        return {name: (self.ours / value if self.more else value / self.ours) for name, value in self.peers.items()
                if not self.against or name in self.against}

    @property
    def verdict(self):
        return {True: "met", False: "**missed**", None: ""}[self.met]

    def as_json(self):
        return {"id": self.id, "case": self.what, "unit": self.unit, "more_is_better": self.more, "metric": self.metric,
                "ours": self.ours, "variants": self.variants, "peers": self.peers, "ratios": self.ratios,
                "goal": self.goal, "met": self.met, "left_out": self.left_out, "note": self.note, "raw": self.raw}


def figure(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def named(values, form):
    return "; ".join(f"{name} {form(value)}" for name, value in values.items()).replace("|", "\\|")


def table(rows):
    lines = ["| case | mayfly | peers | times better | goal | |", "|---|---|---|---|---|---|"]
    for row in rows:
        ours = f"**{figure(row.ours)} {row.unit}**"
        if row.variants:
            ours += "; " + named({k.removeprefix("mayfly, "): v for k, v in row.variants.items()}, figure)
        lines.append(f"| {row.what} | {ours} | {named(row.peers, figure)} | "
                     f"{named(row.ratios, lambda r: figure(r) + '×')} | {row.goal} | {row.verdict} |")
    notes = [f"- {row.what}: {text}" for row in rows for text in [row.note] + row.left_out if text]
    return "\n".join(lines + ([""] + notes if notes else []))


# --- a picture -------------------------------------------------------------------------------------------------------

WIDTH, LABEL, BAR, STEP = 900, 210, 520, 20
COLOURS = {"ours": "#d9480f", "variant": "#f4a77c", "peer": "#748091"}


def plot(rows, title):
    parts, y = [], 56
    for row in rows:
        parts.append(text(16, y, f"{row.what}", 13, bold=True))
        hint = "more is better" if row.more else "less is better"
        goal = f" · goal {row.goal}: {'met' if row.met else 'missed'}" if row.met is not None else ""
        parts.append(text(16, y + 16, f"{row.unit} · {hint}{goal}", 11, colour="#666"))
        y += 26
        bars = [("mayfly", row.ours, "ours")] + [(n, v, "variant") for n, v in row.variants.items()]
        bars += [(n, v, "peer") for n, v in row.peers.items()]
        most = max(value for _, value, _ in bars)
        for name, value, kind in bars:
            length = max(1, BAR * value / most)
            parts.append(text(LABEL, y + 12, name, 12, anchor="end"))
            parts.append(f'<rect x="{LABEL + 8}" y="{y + 1}" width="{length:.1f}" height="{STEP - 6}" rx="2" '
                         f'fill="{COLOURS[kind]}"/>')
            parts.append(text(LABEL + 14 + length, y + 12, figure(value), 12))
            y += STEP
        y += 26
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" '
            f'font-family="system-ui, sans-serif"><rect width="{WIDTH}" height="{y}" fill="#fff"/>')
    return "\n".join([head, text(16, 28, title, 16, bold=True), *parts, "</svg>\n"])


def text(x, y, words, size, bold=False, anchor="start", colour="#222"):
    weight = ' font-weight="600"' if bold else ""
    return (f'<text x="{x:.1f}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{weight}>'
            f'{html.escape(words)}</text>')
