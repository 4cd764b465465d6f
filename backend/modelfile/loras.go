package modelfile

import (
	"encoding/json"
	"slices"
	"strings"

	"loam/backend"
)

// loraEnds are the ends of names that only changes to other weights have: the tensor whose shape tells the rank, the
// dimension that is it (-1 = none), and the way of changing that it belongs to.
var loraEnds = []struct {
	end    string
	rank   int
	method string
}{
	{".lora_down.weight", 0, "LoRA"},
	{".lora_A.weight", 0, "LoRA"},
	{".lora_A.default.weight", 0, "LoRA"},
	{".lora.down.weight", 0, "LoRA"},
	{"_lora.down.weight", 0, "LoRA"},
	{".lora_linear_layer.down.weight", 0, "LoRA"},
	{".hada_w1_a", 1, "LoHa"},
	{".lokr_w1", -1, "LoKr"},
	{".lokr_w1_a", 1, "LoKr"},
	{".lokr_w2_a", 1, "LoKr"},
	{".a1.weight", 0, "GLoRA"},
	{".oft_blocks", 0, "OFT"},
	{".on_input", -1, "IA3"},
	{".diff", -1, "full difference"},
}

// doraEnds mark a LoRA that also learned how long each row of a weight is.
var doraEnds = []string{".dora_scale", ".lora_magnitude_vector", ".lora_magnitude_vector.weight", ".magnitude"}

// lora recognises changes to the weights of another model.
func lora(s shapes) class {
	methods := map[string]int{}
	c := class{}
	dora, chat := false, false
	for name, dims := range s.dims {
		for _, e := range doraEnds {
			dora = dora || strings.HasSuffix(name, e)
		}
		for _, e := range loraEnds {
			if !strings.HasSuffix(name, e.end) {
				continue
			}
			methods[e.method]++
			if e.rank >= 0 && e.rank < len(dims) {
				c.rank = max(c.rank, int(min(dims[e.rank], 1<<20)))
			}
			chat = chat || strings.HasPrefix(name, "base_model.model.model.layers.") || strings.HasPrefix(name, "model.layers.") ||
				strings.HasPrefix(name, "base_model.model.model.language_model.") || strings.HasPrefix(name, "base_model.model.transformer.h.")
			break
		}
	}
	for _, e := range loraEnds { // in this order where a file mixes them as often
		if n := methods[e.method]; n > methods[c.method] {
			c.method = e.method
		}
	}
	switch {
	case c.method == "":
		return class{}
	case dora && c.method == "LoRA":
		c.method = "DoRA"
	}
	if chat {
		c.kind, c.family = backend.KindAdapter, "language"
		return c
	}
	c.kind, c.family = backend.KindLoRA, loraFamily(s)
	return c
}

// loraFamily looks at the names of the blocks that are changed, and where families share those, at the widths of what
// goes in. Tools write the same names with points or with underscores.
func loraFamily(s shapes) string {
	var seen [nTraces]bool
	var text, query int64 // widths into a U-Net's cross-attention, and into a transformer's attention
	for name, dims := range s.dims {
		n := strings.ReplaceAll(name, ".", "_")
		for i, words := range loraTraces {
			if !seen[i] && slices.ContainsFunc(words, func(w string) bool { return strings.Contains(n, w) }) {
				seen[i] = true
			}
		}
		seen[traceHunyuan] = seen[traceHunyuan] || strings.Contains(name, ".img_attn_qkv.")
		w := widthIn(s, name, dims)
		switch {
		case w <= 0:
		case strings.Contains(n, "attn2_to_k_"), strings.Contains(n, "attn2_to_v_"), strings.Contains(n, "attn2_processor_to_k"):
			text = w
		case strings.Contains(n, "_attn_to_q_"), strings.Contains(n, "_attention_qkv_"), strings.Contains(n, "_attention_to_q_"),
			strings.Contains(n, "_img_attn_qkv_"):
			query = w
		}
	}
	switch {
	case seen[traceHunyuan]:
		return "hunyuan-video"
	case seen[traceJoint]:
		return "sd3"
	case seen[traceFlux2]:
		return "flux2"
	case seen[traceChroma]:
		return "chroma"
	case seen[traceFlux]:
		if query == 6144 || query == 4096 {
			return "flux2"
		}
		return "flux"
	case seen[traceHiDream]:
		return "hidream"
	case seen[traceAura]:
		return "auraflow"
	case seen[traceQwen]:
		return "qwen-image"
	case seen[traceWan]:
		return "wan"
	case seen[traceLumina]:
		if query == 3840 {
			return "z-image"
		}
		return "lumina2"
	case seen[traceUNet]:
		if f := textWidthFamily(text); f != "" {
			return f
		}
		if seen[traceTwoEncoders] || seen[traceDeep] {
			return "sdxl"
		}
		return ""
	case seen[traceFlat] && text == 1152:
		return "pixart"
	case seen[traceFlat] && text > 0:
		return "ltx"
	case seen[traceAddedKeys] && (query == 1536 || query == 2432):
		return "sd3"
	case seen[traceAddedKeys] && query == 3072:
		return "qwen-image"
	case seen[traceTwoEncoders]:
		return "sdxl"
	}
	return ""
}

// What a LoRA's names may hold.
const (
	traceHunyuan = iota
	traceJoint
	traceFlux2
	traceChroma
	traceFlux
	traceHiDream
	traceAura
	traceQwen
	traceWan
	traceLumina
	traceUNet
	traceTwoEncoders
	traceDeep
	traceFlat
	traceAddedKeys
	nTraces
)

var loraTraces = [nTraces][]string{
	traceHunyuan:     {"_img_mlp_fc1_", "individual_token_refiner"},
	traceJoint:       {"joint_blocks_"},
	traceFlux2:       {"double_stream_modulation"},
	traceChroma:      {"distilled_guidance_layer"},
	traceFlux:        {"double_blocks_", "single_transformer_blocks_", "single_blocks_"},
	traceHiDream:     {"double_stream_blocks_"},
	traceAura:        {"joint_transformer_blocks_", "double_layers_"},
	traceQwen:        {"_img_mlp_net_", "_txt_mlp_net_", "_img_mod_1_", "_txt_mod_1_"},
	traceWan:         {"_cross_attn_k_img_", "_cross_attn_k_", "_cross_attn_q_"},
	traceLumina:      {"_attention_qkv_", "_attention_to_q_", "_feed_forward_w1_", "noise_refiner_"},
	traceUNet:        {"down_blocks_", "mid_block_", "up_blocks_", "input_blocks_", "middle_block_", "output_blocks_"},
	traceTwoEncoders: {"lora_te2_", "text_encoder_2_"},
	traceDeep:        {"_transformer_blocks_9_", "_transformer_blocks_5_"}, // only SDXL stacks so many per attention
	traceFlat:        {"transformer_blocks_0_attn1_", "transformer_blocks_0_attn2_", "transformer_blocks_1_attn2_"},
	traceAddedKeys:   {"_attn_add_k_proj_", "_attn_add_q_proj_", "_attn_to_q_"},
}

// widthIn is the width of what goes into the weight that a tensor changes; 0 where this tensor does not tell.
func widthIn(s shapes, name string, dims []int64) int64 {
	if len(dims) < 2 {
		return 0
	}
	switch {
	case strings.HasSuffix(name, "down.weight"), strings.HasSuffix(name, "lora_A.weight"),
		strings.HasSuffix(name, "lora_A.default.weight"), strings.HasSuffix(name, ".hada_w1_b"), strings.HasSuffix(name, ".diff"):
		return dims[1]
	case strings.HasSuffix(name, ".lokr_w1"):
		stem := strings.TrimSuffix(name, "1")
		if w := s.dim(1, stem+"2", stem+"2_b"); w > 0 && dims[1] < 1<<20 && w < 1<<20 {
			return dims[1] * w
		}
	}
	return 0
}

// commonTags describe so many training pictures that none of them calls a LoRA.
var commonTags = set("1girl", "1boy", "solo", "looking at viewer", "simple background", "white background", "monochrome",
	"long hair", "short hair", "smile", "highres", "absurdres", "masterpiece", "best quality", "no humans", "man", "woman",
	"a photo", "photo", "outdoors", "indoors", "upper body", "breasts")

const (
	maxTriggers  = 32
	maxTagsRead  = 4096
	triggerShare = 0.8 // of the pictures that have the most frequent tag
)

// triggerWords are the words that a LoRA listens to: those that its makers wrote down, else the tags that (nearly) all of
// its training pictures had, else the name that the trainer took from the folder of the pictures.
func triggerWords(metadata map[string]string) []string {
	var words []string
	add := func(w string) {
		w = clip(w, 100)
		if w != "" && len(words) < maxTriggers && !slices.ContainsFunc(words, func(o string) bool { return strings.EqualFold(o, w) }) {
			words = append(words, w)
		}
	}
	stated := firstOf(metadata, "modelspec.trigger_phrase", "trigger_words", "ss_trigger_words", "trigger_word", "instance_prompt")
	var list []string
	if json.Unmarshal([]byte(stated), &list) == nil {
		stated = strings.Join(list, ",")
	}
	for word := range strings.SplitSeq(stated, ",") {
		add(word)
	}
	if len(words) > 0 {
		return words
	}
	folders, tags := tagFrequency(metadata["ss_tag_frequency"])
	most := 0.0
	for _, t := range tags {
		most = max(most, t.count)
	}
	slices.SortStableFunc(tags, func(a, b tag) int {
		switch {
		case a.count > b.count:
			return -1
		case a.count < b.count:
			return 1
		}
		return 0
	})
	for _, t := range tags {
		if t.count >= triggerShare*most && !commonTags[strings.ToLower(t.word)] && len(words) < 5 {
			add(t.word)
		}
	}
	if len(tags) == 0 {
		for _, f := range folders {
			add(f)
		}
	}
	return words
}

// tag is a word of training captions with the number of pictures that had it.
type tag struct {
	word  string
	count float64
}

// tagFrequency reads what kohya's trainer writes: {"10_name class": {"tag": 12, ...}, ...}. Long notes were cut, so what
// can be read up to the cut counts. Folders are the names without their repeats.
func tagFrequency(note string) (folders []string, tags []tag) {
	d := json.NewDecoder(strings.NewReader(note))
	opens := func() bool { t, err := d.Token(); return err == nil && t == json.Delim('{') }
	text := func() (string, bool) { t, err := d.Token(); s, ok := t.(string); return s, ok && err == nil }
	at := map[string]int{}
	if !opens() {
		return nil, nil
	}
	for d.More() && len(folders) < maxTriggers {
		folder, ok := text()
		if !ok || !opens() {
			return folders, tags
		}
		if name := folderName(folder); name != "" {
			folders = append(folders, name)
		}
		for d.More() && len(tags) < maxTagsRead {
			word, ok := text()
			value, err := d.Token()
			n, number := value.(float64)
			if !ok || err != nil || !number {
				return folders, tags
			}
			word = strings.TrimSpace(word)
			if i, known := at[word]; known {
				tags[i].count += n
			} else if word != "" && n > 0 {
				at[word] = len(tags)
				tags = append(tags, tag{word, n})
			}
		}
		if t, err := d.Token(); err != nil || t != json.Delim('}') {
			return folders, tags
		}
	}
	return folders, tags
}

// folderName takes the repeats off a folder of training pictures: "10_inksk style" gives "inksk style".
func folderName(s string) string {
	if repeats, name, ok := strings.Cut(s, "_"); ok && repeats != "" && strings.Trim(repeats, "0123456789") == "" {
		return strings.TrimSpace(name)
	}
	return ""
}
