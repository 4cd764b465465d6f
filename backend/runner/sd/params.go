//go:build !nonative

package sd

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"loam/backend"
	"loam/backend/engine"
)

// openParams is the JSON of loam_picture_open.
func openParams(r engine.PictureLoad, threads int) (string, error) {
	if r.Files == (engine.PictureFiles{}) {
		return "", errors.New("no file given")
	}
	b, err := json.Marshal(struct {
		engine.PictureFiles
		Threads   int    `json:"threads"`
		Device    string `json:"device,omitempty"`
		FlashAttn bool   `json:"flash_attn,omitempty"`
		Mmap      bool   `json:"mmap"`
	}{r.Files, threads, r.Device, r.FlashAttn, true})
	return string(b), err
}

// image announces the pixels that follow the JSON of loam_picture_generate.
type image struct {
	Use    string `json:"use"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// lora is one LoRA of a request; a weight of 0 is sent, too, and must change nothing.
type lora struct {
	Path   string  `json:"path"`
	Weight float32 `json:"weight"`
}

// generateParams is the JSON of loam_picture_generate and the pixels that go with it.
func generateParams(r engine.PictureRequest) (string, []byte, error) {
	p := struct {
		Prompt       string  `json:"prompt"`
		Negative     string  `json:"negative,omitempty"`
		Width        int     `json:"width"`
		Height       int     `json:"height"`
		Steps        int     `json:"steps,omitempty"`
		Sampler      string  `json:"sampler,omitempty"`
		Scheduler    string  `json:"scheduler,omitempty"`
		CFG          float32 `json:"cfg,omitempty"`
		Guidance     float32 `json:"guidance,omitempty"`
		Seed         uint64  `json:"seed"`
		LoRAs        []lora  `json:"loras,omitempty"`
		Strength     float32 `json:"strength,omitempty"`
		Preview      string  `json:"preview,omitempty"`
		PreviewEvery int     `json:"preview_every,omitempty"`
		Images       []image `json:"images,omitempty"`
	}{
		r.Prompt, r.Negative, r.Width, r.Height, r.Steps, r.Sampler, r.Scheduler, r.CFG, r.Guidance, r.Seed & 0x7fffffff, nil,
		r.Strength, r.Preview, r.PreviewEvery, nil,
	}
	for _, l := range r.LoRAs {
		p.LoRAs = append(p.LoRAs, lora{l.Path, l.Weight})
	}
	var pixels []byte
	for _, i := range []struct {
		use      string
		px       *engine.Pixels
		channels int
	}{{"init", r.Init, 3}, {"mask", r.Mask, 1}} {
		if i.px == nil {
			continue
		}
		if i.px.Channels != i.channels || len(i.px.Data) != i.px.Width*i.px.Height*i.channels {
			return "", nil, fmt.Errorf("the %s picture has %d bytes for %d x %d x %d", i.use, len(i.px.Data), i.px.Width, i.px.Height, i.channels)
		}
		p.Images = append(p.Images, image{i.use, i.px.Width, i.px.Height})
		pixels = append(pixels, i.px.Data...)
	}
	b, err := json.Marshal(p)
	return string(b), pixels, err
}

// openError makes the library's message an error that says which kind of fault it is.
func openError(f engine.PictureFiles, msg string) error {
	path := f.Checkpoint
	if path == "" {
		path = f.Diffusion
	}
	if path == "" {
		path = f.Upscaler
	}
	return &backend.BadFile{Path: path, Reason: reason(msg)}
}

// What the library says about a tensor; the names before it are its own.
var (
	wrongShape = regexp.MustCompile(`tensor '([^']{1,200})' has wrong shape in model metadata: got \[([\d, ]+)\], expected \[([\d, ]+)\]`)
	notThere   = regexp.MustCompile(`tensor '([^']{1,200})' not in model metadata`)
)

// reason makes the library's message a clause about the file.
func reason(msg string) string {
	msg = strings.TrimSpace(strings.SplitN(msg, "\n", 2)[0])
	if m := wrongShape.FindStringSubmatch(msg); m != nil {
		return fmt.Sprintf("its tensor %s is %s where this kind of model has %s: it is damaged, or of a kind that the engine does not know",
			layerName(m[1]), sides(m[2]), sides(m[3]))
	}
	if m := notThere.FindStringSubmatch(msg); m != nil {
		return fmt.Sprintf("its tensor %s is missing: it is damaged, or of a kind that the engine does not know", layerName(m[1]))
	}
	if strings.Contains(msg, "get sd version from file failed") {
		return "it is of no kind of picture model that this engine knows"
	}
	return msg
}

// layerName is a tensor's name as the file has it, without the prefix that the library adds.
func layerName(name string) string { return strings.TrimPrefix(name, "model.diffusion_model.") }

// sides are the dimensions of a tensor in the file's order, which is the reverse of the library's.
func sides(list string) string {
	d := strings.Split(list, ", ")
	for len(d) > 1 && d[len(d)-1] == "1" {
		d = d[:len(d)-1]
	}
	slices.Reverse(d)
	return strings.Join(d, " x ")
}
