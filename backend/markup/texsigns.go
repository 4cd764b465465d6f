package markup

import "strings"

// What TeX's names stand for in Unicode (the names are those of amsmath and amssymb).
var (
	symbols = map[string]string{
		"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
		"theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
		"rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
		"Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
		"times": " × ", "cdot": "·", "div": " ÷ ", "pm": " ± ", "mp": " ∓ ", "ast": "*", "star": "⋆", "circ": "∘", "bullet": "•",
		"leq": " ≤ ", "le": " ≤ ", "geq": " ≥ ", "ge": " ≥ ", "neq": " ≠ ", "ne": " ≠ ", "approx": " ≈ ", "equiv": " ≡ ", "sim": " ~ ",
		"ll": " ≪ ", "gg": " ≫ ", "propto": " ∝ ", "lt": " < ", "gt": " > ", "cong": " ≅ ", "mid": " | ", "parallel": " ∥ ", "perp": " ⊥ ",
		"in": " ∈ ", "notin": " ∉ ", "subset": " ⊂ ", "subseteq": " ⊆ ", "supset": " ⊃ ", "supseteq": " ⊇ ", "cup": " ∪ ", "cap": " ∩ ",
		"setminus": " ∖ ", "emptyset": "∅", "varnothing": "∅", "forall": "∀", "exists": "∃", "neg": "¬", "lnot": "¬", "land": " ∧ ",
		"wedge": " ∧ ", "lor": " ∨ ", "vee": " ∨ ", "to": " → ", "rightarrow": " → ", "leftarrow": " ← ", "gets": " ← ", "mapsto": " ↦ ",
		"Rightarrow": " ⇒ ", "implies": " ⇒ ", "Leftarrow": " ⇐ ", "iff": " ⇔ ", "Leftrightarrow": " ⇔ ", "leftrightarrow": " ↔ ",
		"longrightarrow": " → ", "Longrightarrow": " ⇒ ", "uparrow": "↑", "downarrow": "↓", "infty": "∞", "partial": "∂", "nabla": "∇",
		"sum": "∑", "prod": "∏", "int": "∫", "iint": "∬", "oint": "∮", "ldots": "…", "dots": "…", "cdots": "⋯", "vdots": "⋮", "ddots": "⋱",
		"hbar": "ℏ", "ell": "ℓ", "Re": "Re", "Im": "Im", "aleph": "ℵ", "angle": "∠", "degree": "°", "prime": "′", "therefore": "∴",
		"because": "∵", "oplus": " ⊕ ", "otimes": " ⊗ ", "langle": "⟨", "rangle": "⟩", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈",
		"rceil": "⌉", "lbrace": "{", "rbrace": "}", "vert": "|", "Vert": "‖", "colon": ":", "square": "□", "blacksquare": "■", "checkmark": "✓",
		"top": "⊤", "bot": "⊥", "models": " ⊨ ", "vdash": " ⊢ ", "triangle": "△", "bmod": " mod ", "backslash": "\\",
	}
	functions = names("sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln lg exp lim limsup liminf max min sup inf det dim ker gcd arg deg mod Pr")

	raisedSigns = runes("0123456789+−=()nijkabcdefghlmoprstuvwxyzABDEGHIJKLMNOPRTUVW", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱʲᵏᵃᵇᶜᵈᵉᶠᵍʰˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ")
	lowered     = runes("0123456789+−=()aeijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")

	doubleStruck = map[string]string{"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ", "P": "ℙ", "H": "ℍ", "E": "𝔼"}
	accents      = map[string]rune{
		"hat": 0x302, "widehat": 0x302, "bar": 0x304, "overline": 0x305, "vec": 0x20D7, "dot": 0x307, "ddot": 0x308, "tilde": 0x303, "widetilde": 0x303,
	}
	// environments are the signs around what stands in them.
	environments = map[string][2]string{"pmatrix": {"(", ")"}, "bmatrix": {"[", "]"}, "vmatrix": {"|", "|"}, "Vmatrix": {"‖", "‖"}, "cases": {"{ ", ""}}
)

func names(list string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(list) {
		set[name] = true
	}
	return set
}

func runes(from, to string) map[rune]rune {
	signs := []rune(to)
	m := map[rune]rune{}
	i := 0
	for _, r := range from {
		m[r] = signs[i]
		i++
	}
	return m
}
