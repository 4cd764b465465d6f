package markdown_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/ui/markdown"
)

// formulas of a text, as they are shown.
func formulas(text string) []string {
	var out []string
	for _, b := range markdown.Parse(text) {
		for _, in := range b.Inlines {
			if in.Style&markdown.Formula != 0 {
				out = append(out, in.Text)
			}
		}
	}
	return out
}

func TestFormulasAreReadable(t *testing.T) {
	for text, want := range map[string]string{
		`$x_1 + x_2$`: "x₁ + x₂",
		`\(x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}\)`:                                   "x = (−b ± √(b² − 4ac))/2a",
		`$$\int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt{\pi}$$`:                        "∫_(−∞)^∞ e^(−x²) dx = √π",
		"\\[\n\\sum_{i=1}^{n} i = \\frac{n(n+1)}{2}\n\\]":                              "∑ᵢ₌₁ⁿ i = (n(n+1))/2",
		`$\mathbb{R}^n \to \mathcal{L}$`:                                               "ℝⁿ → L",
		`$\text{speed} = \frac{\text{distance}}{\text{time}}$`:                         "speed = distance/time",
		`$\sin^2\theta + \cos^2\theta = 1$`:                                            "sin²θ + cos²θ = 1",
		`$\sin x + \log n$`:                                                            "sin x + log n",
		`$\left( \frac{a}{b} \right)^2$`:                                               "( a/b )²",
		`$90^\circ$`:                                                                   "90°",
		`$a \leq b \neq c$`:                                                            "a ≤ b ≠ c",
		`$$\begin{pmatrix} a & b \\ c & d \end{pmatrix}$$`:                             "(a, b; c, d)",
		`$$f(x) = \begin{cases} x^2 & x \ge 0 \\ -x & x < 0 \end{cases}$$`:             "f(x) = { x², x ≥ 0; −x, x < 0",
		`$$\begin{bmatrix}1&0\\0&1\end{bmatrix}\begin{aligned} x \\ y \end{aligned}$$`: "[1, 0; 0, 1]x\ny",
		`$$\begin{aligned} a &= b \\ c &= d \end{aligned}$$`:                           "a = b\nc = d",
		`$\sqrt[3]{8} = 2$`:                                                            "∛8 = 2",
		`$\{1, 2\}$`:                                                                   "{1, 2}",
		`$\vec{v}$`:                                                                    "v\u20d7",
		`$50\%$`:                                                                       "50%",
		`$f'(x)$`:                                                                      "f′(x)",
		`$\unknown{x}$`:                                                                `\unknown x`,
		`$\frac{1$`:                                                                    `\frac{1`, // broken: as it stands
		`$a}b$`:                                                                        "a}b",
		`$x^{a+\alpha}$`:                                                               "x^(a+α)",
		`$` + strings.Repeat("{", 40) + strings.Repeat("}", 40) + `$`: strings.Repeat("{", 40) + strings.Repeat("}", 40),
	} {
		if d := cmp.Diff([]string{want}, formulas(text)); d != "" {
			t.Errorf("%s:\n%s", text, d)
		}
	}
}

func TestPricesAreNoFormulas(t *testing.T) {
	for _, text := range []string{
		"It costs $5 and $6.", "$5", "from $10 to $20", "a $ b $ c", "$$", "$$$$", `\(`, `\[ x`, "`$x$`", "```\n$x$\n```", "US$20, not $30",
		"$HOME and $PATH/bin", "$x\ny$", "$" + strings.Repeat("x", 2000) + "$", `\$x\$`,
	} {
		if got := formulas(text); got != nil {
			t.Errorf("%.60s: %q", text, got)
		}
	}
	// What is none loses nothing.
	if got := allText(markdown.Parse("It costs $5 and $6_000_0.")); !strings.Contains(got, "$5 and $6_000_0.") {
		t.Errorf("%q", got)
	}
}

func TestFormulasKeepMarkdownAway(t *testing.T) {
	got := markdown.Parse("let $a_1*b_2*c_3$ be **bold**")
	if len(got) != 1 || markdown.Plain(got[0].Inlines) != "let a₁*b₂*c₃ be bold" {
		t.Errorf("%+v", got)
	}
}
