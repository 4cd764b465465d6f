package hub_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/hub"
	"loam/backend/hub/hubtest"
	"loam/backend/modelfile/modelfiletest"
	"loam/backend/outbound"
)

// asked is a hub that asks a double in memory; it must be called inside of a synctest bubble.
func asked(t *testing.T, h *hubtest.Hub) *hub.Hub {
	t.Helper()
	endpoint := h.InMemory()
	net := outbound.New(outbound.Deps{Dial: h.Dial, Env: func(string) string { return "" }})
	t.Cleanup(func() {
		net.Close()
		_ = h.Close()
	})
	return hub.New(hub.Deps{Net: net, Endpoint: func() string { return endpoint }})
}

func chatRepo(id string, quants ...string) hubtest.Repo {
	r := hubtest.Repo{
		ID: id, Tags: []string{"gguf", "license:apache-2.0"}, Task: "text-generation", Downloads: 10,
		GGUF: map[string]any{"total": 3.2e9, "architecture": "llama", "context_length": 8192},
		Card: map[string]any{"license": "apache-2.0", "datasets": []any{"owner/words", 7}, "base_model": "owner/base"},
	}
	header := modelfiletest.Chat().Bytes()
	for i, q := range quants {
		r.Files = append(r.Files, hubtest.File{Path: "model-" + q + ".gguf", Bytes: append(bytes.Clone(header), make([]byte, i*1000)...)})
	}
	r.Files = append(r.Files, hubtest.File{Path: "README.md", Git: true, Bytes: []byte("---\nlicense: apache-2.0\n---\n# Hello\n<img src=\"http://spy.test/x.png\" alt=\"a chart\">\n")})
	return r
}

func TestASearchFindsAndFilters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		double := hubtest.New(chatRepo("a/small-chat"), chatRepo("b/large-chat"))
		big := chatRepo("c/huge-chat")
		big.GGUF["total"] = 70e9
		double.Put(big)
		speech := chatRepo("d/speech-chat")
		speech.Task = "text-to-speech"
		double.Put(speech)
		mit := chatRepo("e/mit-chat")
		mit.Tags = []string{"gguf", "license:mit"}
		double.Put(mit)
		double.Put(hubtest.Repo{ID: "f/picture-chat", Tags: []string{"license:mit"}, Task: "text-to-image"})
		double.Put(hubtest.Repo{ID: "../evil-chat", Tags: []string{"gguf"}})
		h := asked(t, double)
		names := func(q hub.Query) (names []string) {
			p, err := h.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range p.Models {
				names = append(names, m.Repo)
			}
			return names
		}
		if d := cmp.Diff([]string{"a/small-chat", "b/large-chat", "e/mit-chat"}, names(hub.Query{Kind: hub.Chat, Text: "chat", MaxBillions: 8})); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"c/huge-chat"}, names(hub.Query{Kind: hub.Chat, MinBillions: 30})); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"e/mit-chat"}, names(hub.Query{Kind: hub.Chat, License: "mit"})); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"f/picture-chat"}, names(hub.Query{Kind: hub.Pictures})); d != "" {
			t.Error(d)
		}
		p, err := h.Search(t.Context(), hub.Query{Kind: hub.Chat, Text: "small"})
		if err != nil || len(p.Models) != 1 {
			t.Fatalf("%+v, %v", p, err)
		}
		m := p.Models[0]
		if m.License != "apache-2.0" || m.Parameters != 3.2e9 || m.Context != 8192 || m.Family != "llama" || m.Changed.IsZero() || m.Owner() != "a" || m.Name() != "small-chat" {
			t.Errorf("%+v", m)
		}
	})
}

func TestASearchGoesOnPageByPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		double := hubtest.New()
		for i := range 90 {
			double.Put(chatRepo("owner/model-" + strings.Repeat("x", i+1)))
		}
		h := asked(t, double)
		seen, q := map[string]bool{}, hub.Query{Kind: hub.Chat}
		for range 10 {
			p, err := h.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range p.Models {
				seen[m.Repo] = true
			}
			if q.After = p.Next; q.After == "" {
				break
			}
		}
		if len(seen) != 90 {
			t.Errorf("%d of 90 were found", len(seen))
		}
	})
}

func TestARepositoryIsGroupedIntoChoices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := asked(t, hubtest.New(chatRepo("a/b", "Q4_K_M", "Q8_0", "IQ2_XXS")))
		r, err := h.Repo(t.Context(), "a/b", "")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(hub.Facts{License: "apache-2.0", Base: []string{"owner/base"}, Datasets: []string{"owner/words"}}, r.Card); d != "" || r.Commit != hubtest.Commit {
			t.Errorf("%s %s", r.Commit, d)
		}
		choices, err := h.Choices(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range choices {
			names = append(names, c.Name+": "+c.Quality)
			if c.Model.Shape.Layers == 0 || c.Model.Kind != backend.KindChat || c.Refused != "" {
				t.Errorf("%+v", c)
			}
		}
		if d := cmp.Diff([]string{
			"Q4_K_M: little loss: the usual choice", "Q8_0: as good as the original", "IQ2_XXS: strong loss: a smaller model is often better",
		}, names); d != "" {
			t.Error(d)
		}
		w := h.Want(r, choices[0])
		if w.Commit != hubtest.Commit || w.License != "apache-2.0" || len(w.Files) != 1 || len(w.Files[0].SHA256) != 64 || w.Name != "b Q4_K_M" {
			t.Errorf("%+v", w)
		}
	})
}

func TestACardIsReadWithoutItsPictures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		double := hubtest.New(chatRepo("a/b", "Q8_0"))
		h := asked(t, double)
		text, err := h.Card(t.Context(), "a/b", hubtest.Commit)
		if err != nil || text != "# Hello\n(picture: a chart)" {
			t.Errorf("%q, %v", text, err)
		}
		for _, a := range double.Asked() {
			if strings.Contains(a, "spy") {
				t.Errorf("asked %s", a)
			}
		}
	})
}

func TestWhatIsNotToBeHadIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gated := chatRepo("a/gated", "Q8_0")
		gated.Gated = true
		h := asked(t, hubtest.New(gated))
		if _, err := h.Repo(t.Context(), "a/none", ""); !errors.Is(err, hub.ErrNotFound) {
			t.Errorf("error %v", err)
		}
		for _, bad := range []string{"", "a", "a/b/c", "../b", "a/..", "a b/c", "a/b?x", "-a/b", "a//"} {
			if _, err := h.Repo(t.Context(), bad, ""); !errors.Is(err, hub.ErrBadName) && bad != "a" {
				t.Errorf("%q: %v", bad, err)
			}
		}
		r, err := h.Repo(t.Context(), "a/gated", "")
		if err != nil || !r.Gated {
			t.Fatalf("%+v, %v", r, err)
		}
		var g *hub.Gated
		if _, err := h.Header(t.Context(), r, r.Files[0]); !errors.As(err, &g) {
			t.Errorf("error %v", err)
		}
		if choices, err := h.Choices(t.Context(), r); err != nil || len(choices) != 1 { // the names have to do
			t.Errorf("%+v, %v", choices, err)
		}
	})
}

// rogue answers everything with the same.
type rogue struct {
	status int
	head   map[string]string
	body   string
}

func (r rogue) Do(context.Context, outbound.Request) (*outbound.Response, error) {
	head := http.Header{}
	for k, v := range r.head {
		head.Set(k, v)
	}
	return &outbound.Response{Status: r.status, Header: head, Body: nopCloser{strings.NewReader(r.body)}, Length: int64(len(r.body)), URL: "http://hub.test/"}, nil
}

type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }

func TestAHubThatTalksNonsense(t *testing.T) {
	for name, r := range map[string]rogue{
		"no JSON":         {200, nil, "<html>Please log in to this hotel's network"},
		"other JSON":      {200, nil, `{"models": 3}`},
		"huge numbers":    {200, nil, `[{"id": "a/b", "downloads": 1e400}]`},
		"wrong types":     {200, nil, `[{"id": 5, "tags": "x"}]`},
		"too long":        {200, nil, "[" + strings.Repeat(" ", 9<<20) + "]"},
		"broken gzip":     {200, map[string]string{"Content-Encoding": "gzip"}, "no gzip"},
		"server error":    {500, nil, "oops"},
		"too many":        {429, map[string]string{"Retry-After": "3"}, ""},
		"a proxy's login": {407, nil, ""},
	} {
		h := hub.New(hub.Deps{Net: r})
		if p, err := h.Search(t.Context(), hub.Query{}); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
		if repo, err := h.Repo(t.Context(), "a/b", ""); err == nil {
			t.Errorf("%s: %+v", name, repo)
		}
	}
}

func TestFilesWithNamesThatCannotBeUsedAreLeftOut(t *testing.T) {
	sha := strings.Repeat("a", 40)
	body := `{"id":"a/b","sha":"` + sha + `","siblings":[
		{"rfilename":"../x.gguf","size":1,"blobId":"` + sha + `"},{"rfilename":"/x.gguf","size":1,"blobId":"` + sha + `"},
		{"rfilename":"a\\b.gguf","size":1,"blobId":"` + sha + `"},{"rfilename":"a\u0000.gguf","size":1,"blobId":"` + sha + `"},
		{"rfilename":"minus.gguf","size":-1,"blobId":"` + sha + `"},{"rfilename":"nohash.gguf","size":1},
		{"rfilename":"lfs.gguf","lfs":{"sha256":"xx","size":3}},{"rfilename":"good.gguf","size":1,"blobId":"` + sha + `"}]}`
	r, err := hub.New(hub.Deps{Net: rogue{200, nil, body}}).Repo(t.Context(), "a/b", "")
	if err != nil || len(r.Files) != 1 || r.Files[0].Path != "good.gguf" {
		t.Errorf("%+v, %v", r.Files, err)
	}
}

func files(sizes map[string]int64) (list []hub.File) {
	for p, n := range sizes {
		list = append(list, hub.File{Path: p, SizeBytes: n})
	}
	return list
}

func TestGroupsAreWhatAPersonUnderstands(t *testing.T) {
	for name, c := range map[string]struct {
		repo hub.Repo
		want []string
	}{
		"split": {hub.Repo{Files: files(map[string]int64{
			"Q4_K_M/m-Q4_K_M-00001-of-00002.gguf": 5, "Q4_K_M/m-Q4_K_M-00002-of-00002.gguf": 6, "m-Q2_K.gguf": 4, "mmproj-F16.gguf": 1, "imatrix.gguf": 1,
		})}, []string{"Q2_K 1 4", "Q4_K_M 2 11"}},
		"part missing": {hub.Repo{Files: files(map[string]int64{"m-Q4_K_M-00001-of-00002.gguf": 5})}, []string{"Q4_K_M 1 5 not all of its parts are there"}},
		"two models":   {hub.Repo{Files: files(map[string]int64{"small-Q8_0.gguf": 1, "large-Q8_0.gguf": 2})}, []string{"Small Q8_0 1 1", "Large Q8_0 1 2"}},
		"as trained":   {hub.Repo{Files: files(map[string]int64{"model.safetensors": 1, "model-00001-of-00002.safetensors": 1})}, nil},
		"picture set": {hub.Repo{Task: "text-to-image", Files: files(map[string]int64{
			"split_files/diffusion_models/z_bf16.safetensors": 100, "split_files/text_encoders/qwen_3_4b.safetensors": 50, "split_files/vae/ae.safetensors": 2,
		})}, []string{"BF16 3 152 with text encoder and VAE"}},
		"gguf picture": {hub.Repo{Task: "text-to-image", Files: files(map[string]int64{
			"flux1-schnell-Q4_0.gguf": 6, "flux1-schnell-Q8_0.gguf": 12, "ae.safetensors": 1, "clip_l.safetensors": 1, "t5xxl_fp16.safetensors": 9, "t5xxl_fp8_e4m3fn.safetensors": 5,
		})}, []string{"Q4_0 4 13 with 2 text encoders and VAE", "Q8_0 4 19 with 2 text encoders and VAE"}},
		"diffusers": {hub.Repo{Task: "text-to-image", Files: files(map[string]int64{
			"model_index.json": 1, "unet/diffusion_pytorch_model.safetensors": 9, "vae/diffusion_pytorch_model.safetensors": 1, "sd_turbo.safetensors": 7,
		})}, []string{"Sd Turbo 1 7"}},
		"loras": {hub.Repo{Task: "text-to-image", Tags: []string{"lora"}, Files: files(map[string]int64{"ink.safetensors": 1, "steps/ink-500.safetensors": 2})}, []string{"Ink 1 1", "Ink 500 1 2"}},
	} {
		var got []string
		for _, ch := range hub.Group(c.repo) {
			s := ch.Name + " " + strconv.Itoa(len(ch.Files)) + " " + strconv.Itoa(int(ch.SizeBytes()))
			for _, x := range []string{ch.Extra, ch.Refused} {
				if x != "" {
					s += " " + x
				}
			}
			got = append(got, s)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestAChoiceIsPicked(t *testing.T) {
	choices := hub.Group(hub.Repo{Files: files(map[string]int64{"m-Q4_K_M.gguf": 5, "m-Q8_0.gguf": 9, "sub/m-IQ2_XS.gguf": 2})})
	for query, want := range map[string]string{"": "Q4_K_M", "q8_0": "Q8_0", "m-Q8_0.gguf": "Q8_0", "sub/m-IQ2_XS.gguf": "IQ2_XS", "M-iq2_xs.gguf": "IQ2_XS", "Q3": ""} {
		c, ok := hub.Pick(choices, query)
		if ok != (want != "") || c.Name != want {
			t.Errorf("%q: %q, %v", query, c.Name, ok)
		}
	}
}

func TestCardsAreMadeReadable(t *testing.T) {
	for _, c := range [][2]string{
		{"---\na: b\n---\nText", "Text"},
		{"---\n---\nText", "Text"},
		{"---\nno end", "---\nno end"},
		{"a < b and c > d", "a < b and c > d"},
		{"<div align=\"center\"><b>Bold</b></div>", "**Bold**"},
		{"<a href=\"https://x.test/y\">link</a>", "[link](https://x.test/y)"},
		{"<a href=\"javascript:alert(1)\">link</a>", "link"},
		{"<https://x.test>", "<https://x.test>"},
		{"<script>evil()</script>after", "after"},
		{"```html\n<b>code</b>\n```", "```html\n<b>code</b>\n```"},
		{"<!-- note -->x", "x"},
		{"<h2>Title</h2>", "## Title"},
		{"a\n\n\n\nb", "a\n\nb"},
	} {
		if got := hub.Readable(c[0]); got != c[1] {
			t.Errorf("%q becomes %q, want %q", c[0], got, c[1])
		}
	}
}

func FuzzReadable(f *testing.F) {
	f.Add("---\na: b\n---\n<div><img alt='x'>text</div>\n```\ncode\n```")
	f.Add("<a href='https://x'><script>")
	f.Fuzz(func(t *testing.T, s string) {
		if got := hub.Readable(s); len(got) > 8*len(s)+100 || strings.Contains(got, "<script") && !strings.Contains(s, "```") && !strings.Contains(s, "~~~") && !strings.Contains(s, "<script") {
			t.Errorf("%d bytes become %d", len(s), len(got))
		}
	})
}

func TestAHeaderIsReadOverTheNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := chatRepo("a/b")
		long := modelfiletest.Chat().Set("tokenizer.chat_template", strings.Repeat("x", 60_000)).Bytes()
		r.Files = []hubtest.File{{Path: "m-Q8_0.gguf", Bytes: append(long, make([]byte, 20<<20)...)}}
		double := hubtest.New(r)
		h := asked(t, double)
		repo, err := h.Repo(t.Context(), "a/b", "")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			m, err := h.Header(t.Context(), repo, repo.Files[0])
			if err != nil || m.Kind != backend.KindChat || m.Shape.Layers == 0 {
				t.Fatalf("%+v, %v", m, err)
			}
		}
		if n := len(double.Asked()); n != 3 { // the repository, the address, and one block
			t.Errorf("asked %q", double.Asked())
		}
	})
}
