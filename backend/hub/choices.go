package hub

import (
	"cmp"
	"context"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"loam/backend"
	"loam/backend/modelfile"
)

// Choice is something of a repository that a person can choose: one file, all parts of a split one, or a set.
type Choice struct {
	Name    string // what tells it from the others: "Q4_K_M", "ink sketch"
	Quality string // what its quantization costs, as a clause; "" = nothing to say
	Files   []File // the leading one first
	Extra   string // what is in it beside the model: "with VAE and text encoder"; "" = nothing
	Refused string // why Loam could not use it, as a clause; "" = it can, as far as is known
	// Model is what the model would be here, as far as its name, its listing and its header tell.
	Model backend.Model
	// Active is how many bytes of the weights are read for a token; 0 = all. A mixture of experts reads a part.
	Active int64
}

// SizeBytes is the size of all files.
func (c Choice) SizeBytes() int64 {
	n := int64(0)
	for _, f := range c.Files {
		n += f.SizeBytes
	}
	return n
}

// maxChoices bounds what is made of a repository.
const maxChoices = 200

// quantName finds the quantization in the name of a file.
var quantName = regexp.MustCompile(`(?i)(?:^|[-_. ])((?:UD-)?(?:I?Q[1-8](?:_[0-9A-Z]{1,3}){0,3}|TQ[12]_0|MXFP4(?:_MOE)?|NVFP4|BF16|FP?16|FP?32|FP8(?:_E[45]M[23](?:FN)?)?))(?:$|[-_. ])`)

// activeName finds how many billions of parameters a mixture of experts uses per token: "30B-A3B".
var activeName = regexp.MustCompile(`(?i)(\d+(?:\.\d+)?)B-A(\d+(?:\.\d+)?)B`)

// quantOf is the quantization that a file's name tells, in capitals; "" = none.
func quantOf(base string) string {
	all := quantName.FindAllStringSubmatch(base, -1)
	if len(all) == 0 {
		return ""
	}
	q := strings.ToUpper(all[len(all)-1][1])
	switch q {
	case "FP16":
		return "F16"
	case "FP32":
		return "F32"
	}
	return q
}

// Group makes choices of the files of a repository by their names. Nothing is asked.
func Group(r Repo) []Choice {
	lora := slices.Contains(r.Tags, "lora") || slices.ContainsFunc(r.Tags, func(t string) bool { return strings.HasPrefix(t, "base_model:adapter:") })
	drawn := strings.HasSuffix(r.Task, "-to-image") || slices.Contains(r.Tags, "diffusion-single-file")
	whole := slices.ContainsFunc(r.Files, func(f File) bool { return f.Path == "model_index.json" })
	var choices []Choice
	var parts []File // of picture sets
	byStem := map[string]int{}
	for _, f := range r.Files {
		base := path.Base(f.Path)
		low := strings.ToLower(base)
		switch {
		case strings.HasSuffix(low, ".gguf"):
			if strings.Contains(low, "mmproj") || strings.Contains(low, "imatrix") {
				continue
			}
			if drawn && roleOf(f.Path) != "" {
				parts = append(parts, f)
				continue
			}
			stem := f.Path
			if shards := modelfile.PartsByName(base); shards != nil {
				stem = path.Join(path.Dir(f.Path), shards[0])
			}
			if i, ok := byStem[stem]; ok {
				choices[i].Files = append(choices[i].Files, f)
				continue
			}
			byStem[stem] = len(choices)
			kind := backend.KindChat
			switch {
			case lora && drawn:
				kind = backend.KindLoRA
			case lora:
				kind = backend.KindAdapter
			case drawn:
				kind = backend.KindDiffusion
			}
			choices = append(choices, one(f, kind, "gguf"))
		case strings.HasSuffix(low, ".safetensors"), strings.HasSuffix(low, ".sft"):
			if part, _ := modelfile.ShardName(base); part > 0 || !drawn && !lora {
				continue
			}
			switch {
			case lora && drawn:
				choices = append(choices, one(f, backend.KindLoRA, "safetensors"))
			case lora, whole && strings.Contains(f.Path, "/"):
			case roleOf(f.Path) != "":
				parts = append(parts, f)
			default:
				choices = append(choices, one(f, backend.KindDiffusion, "safetensors"))
			}
		}
		if len(choices) >= maxChoices {
			break
		}
	}
	for i := range choices {
		complete(&choices[i], r, parts)
	}
	if len(choices) == 0 { // parts alone are something to get too
		for _, f := range parts {
			kind := backend.KindTextEncoder
			if roleOf(f.Path) == roleVAE {
				kind = backend.KindVAE
			}
			c := one(f, kind, strings.TrimPrefix(path.Ext(f.Path), "."))
			complete(&c, r, nil)
			choices = append(choices, c)
		}
	}
	name(choices)
	slices.SortStableFunc(choices, func(a, b Choice) int {
		return cmp.Or(cmp.Compare(a.SizeBytes(), b.SizeBytes()), cmp.Compare(a.Name, b.Name))
	})
	return choices
}

func one(f File, kind backend.ModelKind, format string) Choice {
	return Choice{Files: []File{f}, Model: backend.Model{Kind: kind, Format: format}}
}

// complete fills in what the listing tells of a choice, and adds the companions of a picture model.
func complete(c *Choice, r Repo, parts []File) {
	slices.SortFunc(c.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	lead := c.Files[0]
	base := path.Base(lead.Path)
	c.Model.Quant = quantOf(strings.TrimSuffix(base, path.Ext(base)))
	c.Model.Name = modelfile.NameFromPath(base)
	c.Model.License, c.Model.Family = r.License, r.Family
	c.Model.SizeBytes = c.SizeBytes()
	if c.Model.Kind == backend.KindChat {
		c.Quality = Quality(c.Model.Quant)
		c.Model.Parameters, c.Model.ContextLength = r.Parameters, r.Context
		if m := activeName.FindStringSubmatch(base); m != nil {
			all, _ := strconv.ParseFloat(m[1], 64)
			active, _ := strconv.ParseFloat(m[2], 64)
			if all > 0 && active < all {
				c.Active = int64(float64(c.Model.SizeBytes) * active / all)
			}
		}
	}
	if shards := modelfile.PartsByName(base); shards != nil && len(shards) != len(c.Files) {
		c.Refused = "not all of its parts are there"
	}
	if c.Model.Kind == backend.KindDiffusion {
		c.Quality = Quality(c.Model.Quant)
		added := companions(parts)
		c.Files = append(c.Files, added...)
		c.Extra = extraWords(added)
	}
}

// The parts of a picture set, told by their folders and names.
const (
	roleVAE     = "VAE"
	roleEncoder = "text encoder"
)

// encoders are the families of text encoders, by what their names hold.
var encoders = []string{"clip_l", "clip-l", "clip_g", "clip-g", "t5xxl", "t5-v1_1", "t5_xxl", "umt5", "text_encoder", "qwen_2.5_vl", "qwen2.5-vl", "qwen3", "mistral", "gemma"}

func roleOf(p string) string {
	low := strings.ToLower(p)
	dir, base := path.Dir(low), path.Base(low)
	in := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(strings.Split(dir, "/"), n) })
	}
	switch {
	case in("vae"), base == "ae.safetensors", base == "ae.sft", strings.Contains(base, "vae") && !strings.Contains(base, "fix"):
		return roleVAE
	case in("text_encoders", "text_encoder", "clip"), encoderFamily(base) != "" && !in("diffusion_models", "unet", "transformer"):
		return roleEncoder
	}
	return ""
}

func encoderFamily(base string) string {
	for _, e := range encoders[:8] {
		if strings.Contains(base, e) {
			return strings.ReplaceAll(e, "-", "_")
		}
	}
	return ""
}

// companions choose one VAE and one text encoder of each family: the smallest, which cost a picture nothing that is seen.
func companions(parts []File) []File {
	best := map[string]File{}
	for _, f := range parts {
		key := roleOf(f.Path)
		if key == roleEncoder {
			key += encoderFamily(strings.ToLower(path.Base(f.Path)))
		}
		if have, ok := best[key]; !ok || f.SizeBytes < have.SizeBytes {
			best[key] = f
		}
	}
	var list []File
	for _, f := range best {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return list
}

func extraWords(added []File) string {
	encoders, vaes := 0, 0
	for _, f := range added {
		if roleOf(f.Path) == roleVAE {
			vaes++
		} else {
			encoders++
		}
	}
	var words []string
	switch {
	case encoders == 1:
		words = append(words, "text encoder")
	case encoders > 1:
		words = append(words, strconv.Itoa(encoders)+" text encoders")
	}
	if vaes > 0 {
		words = append(words, "VAE")
	}
	if len(words) == 0 {
		return ""
	}
	return "with " + strings.Join(words, " and ")
}

// name names choices by what tells them apart: their quantizations, else their files.
func name(choices []Choice) {
	seen := map[string]int{}
	for _, c := range choices {
		seen[c.Model.Quant]++
	}
	for i := range choices {
		c := &choices[i]
		if c.Name = c.Model.Quant; c.Name == "" || seen[c.Name] > 1 {
			c.Name = strings.TrimSpace(c.Model.Name + " " + c.Model.Quant)
		}
	}
	clear(seen)
	for _, c := range choices {
		seen[c.Name]++
	}
	for i := range choices {
		if c := &choices[i]; seen[c.Name] > 1 {
			c.Name = strings.TrimSuffix(c.Files[0].Path, path.Ext(c.Files[0].Path))
		}
	}
}

// Quality says in a clause what a quantization costs; "" for one that is not known.
func Quality(quant string) string {
	q := strings.TrimPrefix(strings.ToUpper(quant), "UD-")
	for _, l := range []struct{ prefix, words string }{
		{"F32", "as it was trained, twice as large as needed"},
		{"BF16", "as it was trained"},
		{"F16", "as it was trained"},
		{"Q8", "as good as the original"},
		{"Q6", "hardly any loss"},
		{"Q5", "very little loss"},
		{"MXFP4", "as it was published"},
		{"NVFP4", "little loss"},
		{"IQ4", "little loss"},
		{"Q4_K", "little loss: the usual choice"},
		{"Q4", "little loss"},
		{"FP8", "little loss"},
		{"IQ3", "some loss"},
		{"Q3", "noticeable loss"},
		{"IQ2", "strong loss: a smaller model is often better"},
		{"Q2", "strong loss: a smaller model is often better"},
		{"TQ", "for models that were trained for it"},
		{"IQ1", "heavy loss: for experiments"},
		{"Q1", "heavy loss: for experiments"},
	} {
		if strings.HasPrefix(q, l.prefix) {
			return l.words
		}
	}
	return ""
}

// Choices groups a repository's files and reads over the network the header of one of each kind, which tells what the names
// do not: what it really is, its layers, whether Loam can run it. Where a header cannot be read the names have to do.
func (h *Hub) Choices(ctx context.Context, r Repo) ([]Choice, error) {
	choices := Group(r)
	read := map[backend.ModelKind]bool{}
	for i := range choices {
		c := choices[i]
		if read[c.Model.Kind] || c.Refused != "" {
			continue
		}
		read[c.Model.Kind] = true
		f, err := h.Header(ctx, r, c.Files[0])
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			h.deps.Logger.Info("A header could not be read over the network", "repo", r.Repo, "error", err)
			continue
		}
		h.learn(choices, c.Model.Kind, f)
	}
	return choices, nil
}

// learn takes over what one header tells of all choices of its kind: they differ in their number formats only.
func (h *Hub) learn(choices []Choice, kind backend.ModelKind, f modelfile.File) {
	fault := ""
	if f.Format == "gguf" && (f.Kind == backend.KindChat || f.Kind == backend.KindGuard || f.Kind == backend.KindEmbedding) {
		fault = f.FaultOf(modelfile.EnginePack)
	}
	for i := range choices {
		c := &choices[i]
		if c.Model.Kind != kind {
			continue
		}
		c.Model.Kind, c.Model.Shape = f.Kind, f.Shape
		c.Model.Family = cmp.Or(f.Family, c.Model.Family)
		c.Model.ContextLength = cmp.Or(f.ContextLength, c.Model.ContextLength)
		if len(choices) == 1 || kind == backend.KindChat {
			c.Model.Parameters = cmp.Or(c.Model.Parameters, f.Parameters)
			c.Model.Quant = cmp.Or(c.Model.Quant, f.Quant)
			c.Name = cmp.Or(c.Name, f.Quant)
		}
		c.Refused = cmp.Or(c.Refused, fault)
		if f.Kind == backend.KindUnknown {
			c.Refused = cmp.Or(c.Refused, "it is of no kind of model that Loam knows")
		}
		if kind == backend.KindDiffusion && c.Extra == "" && f.Kind == backend.KindDiffusion {
			switch {
			case f.Shape.HasEncoder && f.Shape.HasVAE:
				c.Extra = "complete in one file"
			case !f.Shape.HasVAE:
				c.Extra = "its text encoder and VAE come separately"
			}
		}
	}
}

// Want is a choice as a download.
func (h *Hub) Want(r Repo, c Choice) backend.DownloadWant {
	w := backend.DownloadWant{
		Name: r.Name(), Kind: c.Model.Kind, Repo: r.Repo, Commit: r.Commit, License: r.License, Source: h.Host() + "/" + r.Repo,
	}
	if r.License == "other" && r.Card.LicenseName != "" {
		w.License = r.Card.LicenseName
	}
	if c.Name != "" && !strings.Contains(strings.ToLower(w.Name), strings.ToLower(c.Name)) {
		w.Name += " " + c.Name
	}
	if e := h.Endpoint(); e != DefaultEndpoint {
		w.Endpoint = e
	}
	for _, f := range c.Files {
		w.Files = append(w.Files, backend.DownloadFile{Path: f.Path, SizeBytes: f.SizeBytes, SHA256: f.SHA256, GitSHA1: f.GitSHA1})
	}
	return w
}

// Pick finds the choice that a person means: by its name, its quantization or the path of one of its files; "" = the usual
// one. ok is false where none fits.
func Pick(choices []Choice, query string) (Choice, bool) {
	if query == "" {
		return usual(choices)
	}
	for _, same := range []func(c Choice) bool{
		func(c Choice) bool { return slices.ContainsFunc(c.Files, func(f File) bool { return f.Path == query }) },
		func(c Choice) bool {
			return strings.EqualFold(c.Name, query) || strings.EqualFold(c.Model.Quant, query)
		},
		func(c Choice) bool {
			return slices.ContainsFunc(c.Files, func(f File) bool { return strings.EqualFold(path.Base(f.Path), query) })
		},
	} {
		if i := slices.IndexFunc(choices, same); i >= 0 {
			return choices[i], true
		}
	}
	return Choice{}, false
}

// usual is what most people take where nothing is known of the machine.
func usual(choices []Choice) (Choice, bool) {
	for _, q := range []string{"Q4_K_M", "UD-Q4_K_XL", "Q4_K_S", "MXFP4", "MXFP4_MOE", "Q4_1", "Q4_0", "IQ4_NL", "IQ4_XS", "Q5_K_M", "Q6_K", "Q8_0"} {
		for _, c := range choices {
			if c.Model.Quant == q && c.Refused == "" {
				return c, true
			}
		}
	}
	for _, c := range choices {
		if c.Refused == "" {
			return c, true
		}
	}
	return Choice{}, false
}
