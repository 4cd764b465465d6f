package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is what is looked for.
type Kind string

// The kinds of a search.
const (
	Chat     Kind = "chat"
	Pictures Kind = "pictures"
	LoRAs    Kind = "loras"
)

// Sort is the order of results.
type Sort string

// The orders that the hub knows.
const (
	Trending  Sort = "trendingScore"
	Downloads Sort = "downloads"
	Likes     Sort = "likes"
	Newest    Sort = "lastModified"
)

// Query is a search.
type Query struct {
	Text    string
	Kind    Kind
	License string // as the hub writes it, "apache-2.0"; "" = any
	Sort    Sort   // "" = Trending
	// MinBillions and MaxBillions bound the size of chat models; models whose size the hub does not know stay; 0 = no bound.
	MinBillions, MaxBillions float64
	After                    string // Page.Next of the page before
}

// Found is a result.
type Found struct {
	Repo       string
	Downloads  int64 // during the last month
	Likes      int64
	Changed    time.Time
	License    string
	Gated      bool
	Parameters int64 // 0 = not told
	Context    int   // tokens
	Family     string
	Languages  []string
}

// Owner and Name are the parts of a repository's name.
func (f Found) Owner() string { owner, _, _ := strings.Cut(f.Repo, "/"); return owner }

// Name is the repository without its owner.
func (f Found) Name() string {
	if _, name, ok := strings.Cut(f.Repo, "/"); ok {
		return name
	}
	return f.Repo
}

// Page is some results.
type Page struct {
	Models []Found
	Next   string // for Query.After; "" = there are no more
}

// pageSize is how many results are asked for at once.
const pageSize = 40

// entry is a model in the hub's words. Numbers may be anything.
type entry struct {
	ID           string          `json:"id"`
	Downloads    float64         `json:"downloads"`
	Likes        float64         `json:"likes"`
	Gated        json.RawMessage `json:"gated"` // false, "auto" or "manual"
	Private      bool            `json:"private"`
	Tags         []string        `json:"tags"`
	Task         string          `json:"pipeline_tag"`
	LastModified time.Time       `json:"lastModified"`
	GGUF         struct {
		Total        float64 `json:"total"`
		Architecture string  `json:"architecture"`
		Context      float64 `json:"context_length"`
	} `json:"gguf"`
	Safetensors struct {
		Total float64 `json:"total"`
	} `json:"safetensors"`
	SHA      string          `json:"sha"`
	Card     json.RawMessage `json:"cardData"`
	Siblings []sibling       `json:"siblings"`
}

func (e entry) gated() bool {
	g := string(e.Gated)
	return g == `"auto"` || g == `"manual"` || g == "true"
}

// found takes over what can be shown.
func (e entry) found() Found {
	f := Found{
		Repo: e.ID, Downloads: number(e.Downloads), Likes: number(e.Likes), Changed: e.LastModified, Gated: e.gated(),
		Parameters: number(e.GGUF.Total), Context: int(number(e.GGUF.Context)), Family: short(e.GGUF.Architecture, 40),
	}
	if f.Parameters == 0 {
		f.Parameters = number(e.Safetensors.Total)
	}
	for _, t := range e.Tags {
		if l, ok := strings.CutPrefix(t, "license:"); ok && f.License == "" {
			f.License = short(l, 60)
		}
	}
	return f
}

// number makes sense of a number of the hub's.
func number(f float64) int64 {
	if !(f > 0 && f < 1e18) {
		return 0
	}
	return int64(f)
}

// short bounds a text in one line.
func short(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// otherTasks are tasks of GGUF files that no chat is had with.
var otherTasks = []string{
	"text-to-image", "image-to-image", "text-to-video", "image-to-video", "text-to-speech", "text-to-audio", "automatic-speech-recognition",
	"feature-extraction", "sentence-similarity", "text-ranking", "text-classification", "token-classification", "image-classification",
	"audio-to-audio", "translation", "fill-mask", "image-to-3d", "text-to-3d", "object-detection", "image-segmentation",
}

// Search asks for a page of models. A filter that only Loam knows (the size) may leave few of a page.
func (h *Hub) Search(ctx context.Context, q Query) (Page, error) {
	v := url.Values{"limit": {strconv.Itoa(pageSize)}, "direction": {"-1"}}
	if q.Text = short(q.Text, 200); q.Text != "" {
		v.Set("search", q.Text)
	}
	if q.Sort == "" {
		q.Sort = Trending
	}
	v.Set("sort", string(q.Sort))
	switch q.Kind {
	case Pictures:
		v.Set("pipeline_tag", "text-to-image")
	case LoRAs:
		v.Set("pipeline_tag", "text-to-image")
		v.Add("filter", "lora")
	case Chat:
		v.Add("filter", "gguf")
	}
	if q.License != "" {
		v.Add("filter", "license:"+q.License)
	}
	for _, part := range []string{"downloads", "likes", "gated", "private", "tags", "pipeline_tag", "lastModified", "gguf", "safetensors"} {
		v.Add("expand[]", part)
	}
	if q.After != "" {
		v.Set("cursor", q.After)
	}
	var list []entry
	head, err := h.get(ctx, "search for models", "/api/models?"+v.Encode(), maxSearch, &list)
	if err != nil {
		return Page{}, fmt.Errorf("search for models: %w", err)
	}
	p := Page{Next: nextCursor(head.Get("Link"))}
	for _, e := range list[:min(len(list), 10*pageSize)] {
		f := e.found()
		billions := float64(f.Parameters) / 1e9
		switch {
		case CheckName(e.ID) != nil, e.Private:
		case q.Kind == Chat && slices.Contains(otherTasks, e.Task):
		case q.Kind == Pictures && slices.Contains(e.Tags, "lora"):
		case f.Parameters > 0 && (q.MaxBillions > 0 && billions > q.MaxBillions || billions < q.MinBillions):
		default:
			p.Models = append(p.Models, f)
		}
	}
	return p, nil
}

// nextCursor finds the mark of the next page in a Link header. Only the mark is used: the address may be another host's.
func nextCursor(link string) string {
	for part := range strings.SplitSeq(link, ",") {
		address, rest, ok := strings.Cut(part, ">")
		if !ok || !strings.Contains(rest, `rel="next"`) {
			continue
		}
		_, address, _ = strings.Cut(address, "<")
		if u, err := url.Parse(address); err == nil {
			if c := u.Query().Get("cursor"); len(c) < 2000 {
				return c
			}
		}
	}
	return ""
}
