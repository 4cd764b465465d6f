package modelfile

import (
	"math"
	"slices"
	"strings"

	"loam/backend"
)

// Limits of what a language model says about itself. The first two are llama.cpp's own.
const (
	maxLayers    = 512
	maxExperts   = 512
	maxHeads     = 1 << 16
	maxEmbedding = 1 << 20
	maxContext   = 1 << 28
)

// fromGGUF says what a GGUF file is for.
func fromGGUF(g GGUF) (File, error) {
	f := File{
		Format: "gguf", Architecture: g.str("general.architecture"), SizeBytes: g.Size, Tensors: len(g.Tensors),
		SizeLabel: clip(g.str("general.size_label"), 32), Quant: quantOf(g), License: licenseOf(g), Name: nameOf(g),
		Basename: clip(g.str("general.basename"), 100),
		Base:     clip(g.str("general.base_model.0.name"), 100), Parameters: parametersOf(g.Tensors), ArchitectureKnown: true,
	}
	f.Family = f.Architecture
	if n, ok := g.number("split.count"); ok && n > 1 {
		no, _ := g.number("split.no")
		if n > 10_000 || no >= n {
			return f, faultf("it claims to be part %d of %d: it is damaged", no+1, n)
		}
		f.SplitIndex, f.SplitCount = int(no)+1, int(n)
	}
	if f.SplitIndex > 1 { // only the first part says what the model is
		f.Kind = backend.KindUnknown
		return f, nil
	}
	switch g.str("general.type") {
	case "adapter":
		return adapter(f, g)
	case "imatrix":
		return f, faultf("it is an importance matrix (a by-product of making models smaller), not a model")
	}
	if len(g.Tensors) == 0 {
		return f, faultf("it holds no weights, only a header")
	}
	arch := f.Architecture
	if family, ok := pictureArchitectures[arch]; ok {
		f.Kind, f.Family = backend.KindDiffusion, family
		f.Shape = fitting(shapesOf(g.Tensors), class{kind: f.Kind})
		return f, nil
	}
	switch {
	case arch == "clip", g.str("general.type") == "mmproj":
		f.Kind = backend.KindProjector
		f.Shape.Embedding = projected(g)
		return f, nil
	case arch == "t5", arch == "t5encoder":
		sh := shapesOf(g.Tensors)
		f.Kind, f.Family = backend.KindTextEncoder, t5Family(sh.dim(0, "token_embd.weight"))
		f.Shape = fitting(sh, class{kind: f.Kind})
		return f, nil
	case soundArchitectures[arch]:
		return f, faultf("%s", soundClause)
	}
	if newerArchitectures[arch] || newerDrafts[arch] {
		f.ArchitectureKnown = false
		return language(f, g)
	}
	if !languageArchitectures[arch] && !embeddingArchitectures[arch] {
		c := classify(shapesOf(g.Tensors))
		if c.refused != "" {
			return f, faultf("%s", c.refused)
		}
		if c.kind != backend.KindUnknown {
			f.Kind, f.Family = c.kind, c.family
			f.Shape = fitting(shapesOf(g.Tensors), c)
			return f, nil
		}
		if arch == "" {
			return f, faultf("its header does not say which kind of model it is")
		}
		f.ArchitectureKnown = false
	}
	return language(f, g)
}

// projected is how wide the vectors are that a vision projector gives to its chat model; 0 = not known. Its last layer tells it:
// what the header calls the projection is that of the picture encoder in the older ones.
func projected(g GGUF) int {
	const widest = 1 << 17
	for _, name := range []string{"mm.2.weight", "mm.1.weight", "mm.input_projection.weight", "mm.model.fc.weight", "mm.0.weight"} {
		for _, t := range g.Tensors {
			if t.Name == name && len(t.Dims) == 2 {
				if name == "mm.input_projection.weight" {
					return int(min(t.Dims[0], widest)) // stored the other way round
				}
				return int(min(t.Dims[1], widest))
			}
		}
	}
	if n, ok := g.number("clip.vision.projection_dim"); ok && n > 0 && n <= widest {
		return int(n)
	}
	return 0
}

// adapter fills in a LoRA for a language model.
func adapter(f File, g GGUF) (File, error) {
	f.Kind = backend.KindAdapter
	if t := g.str("adapter.type"); t != "" && t != "lora" {
		return f, faultf("it is an adapter of the kind %s; Loam knows LoRA", quoted(t))
	}
	if len(g.Tensors) == 0 {
		return f, faultf("it is an adapter without weights")
	}
	for _, t := range g.Tensors {
		if strings.HasSuffix(t.Name, ".lora_a") && len(t.Dims) == 2 {
			f.Rank = int(min(t.Dims[1], math.MaxInt32))
			break
		}
	}
	f.Method = "LoRA"
	f.Shape.Rank, f.Shape.Method, f.Shape.Base = f.Rank, f.Method, f.Base
	return f, nil
}

// language fills in a model that reads or writes text and checks what the engine would only find out too late.
func language(f File, g GGUF) (File, error) {
	f.Kind = backend.KindChat
	if embeddingArchitectures[f.Architecture] || newerEmbeddings[f.Architecture] {
		f.Kind = backend.KindEmbedding
	}
	const poolRank = 4 // llama.cpp's pooling types: 1 mean, 2 first token, 3 last token, 4 rank
	if p, ok := g.number(f.Architecture + ".pooling_type"); ok && p > 0 && p < 16 {
		f.Kind = backend.KindEmbedding
		if p == poolRank {
			f.Kind = backend.KindReranker
		}
	}
	if f.Kind == backend.KindEmbedding && hasTensor(g.Tensors, "cls.output.weight") {
		f.Kind = backend.KindReranker
	}
	if err := shape(&f, g); err != nil {
		return f, err
	}
	if err := vocabulary(&f, g); err != nil {
		return f, err
	}
	f.Template = g.str("tokenizer.chat_template")
	if f.Kind == backend.KindChat && guards(f.Template) {
		f.Kind = backend.KindGuard
	}
	f.Sampling = samplingOf(g)
	return f, nil
}

// guardPhrases stand in the templates of models that rate texts instead of answering them. All words of one must be there.
var guardPhrases = [][]string{
	{"BEGIN UNSAFE CONTENT CATEGORIES", "safe"},                      // Llama Guard
	{"<unsafe_content_categories>", "safe"},                          // Llama Guard 4 and relatives
	{"Safety Principle", "violates"},                                 // ShieldGemma
	{"guardian_config", "risk"},                                      // Granite Guardian
	{"Safety: Safe", "Controversial"},                                // Qwen3Guard
	{"safety policy", "Unsafe", "Safe", "Controversial", "Category"}, // Qwen3Guard, older wording
}

// guards says whether a template is that of a guard model.
func guards(template string) bool {
	for _, words := range guardPhrases {
		all := true
		for _, w := range words {
			all = all && strings.Contains(template, w)
		}
		if all {
			return true
		}
	}
	return false
}

func hasTensor(tensors []Tensor, name string) bool {
	return slices.ContainsFunc(tensors, func(t Tensor) bool { return t.Name == name })
}

func shape(f *File, g GGUF) error {
	arch := f.Architecture
	layers, ok := g.number(arch + ".block_count")
	switch {
	case !ok && !f.ArchitectureKnown:
		return nil // a newer kind of model may name these otherwise; it is refused for its architecture
	case !ok:
		return faultf("its header does not say how many layers it has: it is damaged")
	case layers < 1 || layers > maxLayers:
		return faultf("it claims to have %s layers; 1 to %d are possible", count(layers), maxLayers)
	}
	embedding, ok := g.number(arch + ".embedding_length")
	if !ok || embedding < 1 || embedding > maxEmbedding {
		return faultf("it claims an impossible embedding size (%s): it is damaged", count(embedding))
	}
	context, ok := g.number(arch + ".context_length")
	if !ok || context < 1 || context > maxContext {
		return faultf("it claims an impossible context length (%s): it is damaged", count(context))
	}
	f.ContextLength = int(context)
	f.Shape.Layers, f.Shape.Embedding = int(layers), int(embedding)
	if err := experts(arch, g); err != nil {
		return err
	}
	return attention(f, g)
}

// experts checks the numbers of a mixture of experts that the engine asserts.
func experts(arch string, g GGUF) error {
	all, _ := g.number(arch + ".expert_count")
	used, _ := g.number(arch + ".expert_used_count")
	switch {
	case all > maxExperts:
		return faultf("it claims to have %s experts; %d is the most", count(all), maxExperts)
	case used > all:
		return faultf("it claims to use %s of %s experts: it is damaged", count(used), count(all))
	case all > 0 && used == 0:
		return faultf("it claims to have experts and to use none: it is damaged")
	}
	return nil
}

// attention reads the heads. In hybrid models the numbers differ per layer, with 0 in layers without attention; the
// shape then holds the mean of the KV heads over all layers, rounded up, which keeps forecasts right.
func attention(f *File, g GGUF) error {
	arch, s := f.Architecture, &f.Shape
	heads, perLayer, ok := g.perLayer(arch+".attention.head_count", s.Layers)
	switch {
	case headless[arch] || !ok && !f.ArchitectureKnown:
		return nil
	case !ok || heads.most < 1 && !perLayer:
		return faultf("it claims to have no attention heads: it is damaged")
	case heads.most > maxHeads:
		return faultf("it claims to have %s attention heads: it is damaged", count(heads.most))
	case heads.most < 1:
		return nil
	}
	s.Heads, s.HeadsKV = int(heads.most), int(heads.most)
	if kv, kvPerLayer, ok := g.perLayer(arch+".attention.head_count_kv", s.Layers); ok {
		switch {
		case kv.most > heads.most:
			return faultf("it claims more KV heads (%s) than heads (%s): it is damaged", count(kv.most), count(heads.most))
		case kv.most < 1 && !kvPerLayer:
			return faultf("it claims to have no KV heads: it is damaged")
		}
		s.HeadsKV = int(kv.mean)
	}
	s.KeyLen, s.ValueLen = s.Embedding/s.Heads, s.Embedding/s.Heads
	for key, to := range map[string]*int{".attention.key_length": &s.KeyLen, ".attention.value_length": &s.ValueLen} {
		if n, ok := g.number(arch + key); ok {
			if n < 1 || n > maxEmbedding {
				return faultf("it claims heads of %s values: it is damaged", count(n))
			}
			*to = int(n)
		}
	}
	return nil
}

func vocabulary(f *File, g GGUF) error {
	f.Tokenizer = clip(g.str("tokenizer.ggml.model"), 64)
	f.PreTokenizer = clip(g.str("tokenizer.ggml.pre"), 64)
	f.PreTokenizerKnown = tokenizers[f.Tokenizer] &&
		(f.Tokenizer != "gpt2" || f.PreTokenizer == "" || preTokenizers[f.PreTokenizer])
	if f.Tokenizer == "" || f.Tokenizer == "none" || f.Tokenizer == "no_vocab" {
		return faultf("its tokenizer is missing, so it cannot read text")
	}
	tokens := g.Values["tokenizer.ggml.tokens"]
	if tokens.Type != TypeArray || tokens.Elem != TypeString || tokens.Count == 0 {
		return faultf("its vocabulary is missing, so it cannot read text")
	}
	f.Shape.Vocab = int(tokens.Count)
	for _, list := range []struct{ key, name string }{{"scores", "scores"}, {"token_type", "types"}} {
		if v, ok := g.Values["tokenizer.ggml."+list.key]; ok && (v.Type != TypeArray || v.Count < tokens.Count) {
			return faultf("its vocabulary is damaged: %s tokens, but %s %s", count(uint64(tokens.Count)), count(uint64(v.Count)), list.name)
		}
	}
	if f.Tokenizer == "gpt2" && g.Values["tokenizer.ggml.merges"].Elem != TypeString {
		return faultf("its vocabulary is damaged: the merges are missing")
	}
	for _, special := range []struct{ key, name string }{
		{"bos", "first"}, {"eos", "last"}, {"eot", "end-of-turn"}, {"eom", "end-of-message"},
	} {
		if id, ok := g.number("tokenizer.ggml." + special.key + "_token_id"); ok && id >= uint64(tokens.Count) {
			return faultf("its %s token (%s) is number %s of %s tokens: it is damaged",
				special.name, strings.ToUpper(special.key), count(id), count(uint64(tokens.Count)))
		}
	}
	return nil
}

// EngineFault is FaultOf the embedded engine.
func (f File) EngineFault() string { return f.FaultOf(EngineEmbedded) }

// FaultOf says in one clause why an engine cannot run this chat model; "" when nothing is known against it.
func (f File) FaultOf(e Engine) string {
	name, newer := "that the built-in engine does not know", func(map[string]bool, string) bool { return false }
	if e == EnginePack {
		name, newer = "that no engine here knows yet", func(set map[string]bool, name string) bool { return set[name] }
	}
	switch {
	case newerDrafts[f.Architecture]:
		return "it only guesses ahead for a larger model and writes nothing itself"
	case !f.ArchitectureKnown && !newer(newerArchitectures, f.Architecture) && !newer(newerEmbeddings, f.Architecture):
		return "it is a model of a newer kind (" + quoted(f.Architecture) + ") " + name
	case f.Tokenizer != "" && !tokenizers[f.Tokenizer] && !newer(newerTokenizers, f.Tokenizer):
		return "it cuts text with a tokenizer (" + quoted(f.Tokenizer) + ") " + name
	case f.Tokenizer != "" && !f.PreTokenizerKnown && !newer(newerTokenizers, f.Tokenizer) && !newer(newerPreTokenizers, f.PreTokenizer):
		return "it cuts text with a pre-tokenizer (" + quoted(f.PreTokenizer) + ") " + name + ", so it would read every word wrongly"
	}
	return ""
}

// samplingOf reads the settings that the file's makers recommend; nil when there are none. Values out of range are left
// out.
func samplingOf(g GGUF) *backend.Sampling {
	s := backend.DefaultSampling()
	found := false
	float := func(key string, to *float32, most float64) {
		if v, ok := g.float("general.sampling." + key); ok && v >= 0 && v <= most {
			*to, found = float32(v), true
		}
	}
	integer := func(key string, to *int, most float64) {
		if v, ok := g.float("general.sampling." + key); ok && v >= 0 && v <= most {
			*to, found = int(v), true
		}
	}
	float("temp", &s.Temperature, 5)
	integer("top_k", &s.TopK, 1<<20)
	float("top_p", &s.TopP, 1)
	float("min_p", &s.MinP, 1)
	float("penalty_repeat", &s.RepeatPenalty, 10)
	integer("penalty_last_n", &s.PenaltyLastN, 1<<20)
	if !found {
		return nil
	}
	return &s
}

func parametersOf(tensors []Tensor) int64 {
	var n int64
	for _, t := range tensors {
		if n += t.Elements(); n < 0 {
			return 0
		}
	}
	return n
}
