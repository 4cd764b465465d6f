package pages

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/hardware"
	"loam/backend/imagemeta"
	"loam/backend/library"
	"loam/backend/studio"
)

// wish is what the controls of the pictures page say; it is kept from one start to the next.
type wish struct {
	Prompt  string         `json:"prompt"`
	ModelID int64          `json:"model_id"`
	Shape   string         `json:"shape"` // a label of pictureShapes; "" = the first
	Quality studio.Quality `json:"quality"`
	Count   int            `json:"count"`
	Seed    uint64         `json:"seed"`
	Locked  bool           `json:"locked"` // the seed stays
	// LoRAs are remembered for each picture model.
	LoRAs    map[int64][]loraUse `json:"model_loras,omitempty"`
	Family   map[string]tune     `json:"family,omitempty"` // what "More" holds, by family
	FoldOpen bool                `json:"fold_open,omitempty"`
	Start    *wishStart          `json:"start,omitempty"`    // the picture to start from; nil = none
	Strength float32             `json:"strength,omitempty"` // how much of it changes; 0 = as usual
}

// wishStart is a start picture that the studio keeps.
type wishStart struct {
	SHA256 string `json:"sha256"`
	Width  int    `json:"width"` // pixels
	Height int    `json:"height"`
	Name   string `json:"name"` // of the file that it was, or whose picture it is
}

// shapeStart is the shape that follows the start picture.
const shapeStart = "start"

// strength is how much of the start picture changes.
func (w wish) strength() float32 {
	if w.Strength > 0 && w.Strength <= 1 {
		return w.Strength
	}
	return studio.StartStrength
}

// tune is what "More" holds for a family; zero values mean the family's own.
type tune struct {
	Negative string  `json:"negative,omitempty"`
	Steps    int     `json:"steps,omitempty"`
	CFG      float32 `json:"cfg,omitempty"`
	Sampler  string  `json:"sampler,omitempty"`
	Schedule string  `json:"scheduler,omitempty"`
	Width    int     `json:"width,omitempty"` // a size that no shape gives: of a picture whose settings are used again
	Height   int     `json:"height,omitempty"`
}

// pictureShapes are the shapes to choose from.
var pictureShapes = []struct {
	label string
	x, y  int
}{{"1:1", 1, 1}, {"3:2", 3, 2}, {"16:9", 16, 9}, {"2:3", 2, 3}}

var (
	qualities     = []studio.Quality{studio.Draft, studio.Good, studio.Best}
	qualityNames  = []string{"Draft", "Good", "Best"}
	pictureCounts = []int{1, 2, 4, 8}
)

// multiple is what width and height are a multiple of: every engine draws these.
const multiple = 64

// tuned is what a model's tune is kept under: its family, but for the starter, which is of a family of far larger models.
func tuned(m backend.Model) string {
	if m.Starter {
		return "starter"
	}
	return m.Family
}

func (w wish) tune(family string) tune { return w.Family[family] }

func (w *wish) setTune(family string, t tune) {
	family = strings.Clone(family)
	all := make(map[string]tune, len(w.Family)+1)
	for k, v := range w.Family {
		all[k] = v
	}
	all[family] = t
	w.Family = all
}

// shapeOf is the size of the pictures of a model.
func (w wish) shapeOf(m backend.Model) studio.Shape {
	if t := w.tune(tuned(m)); w.Shape == "" && t.Width > 0 && t.Height > 0 {
		return studio.Shape{Width: t.Width, Height: t.Height}
	}
	d := studio.DefaultsFor(m.Family, m.Name)
	if m.Starter { // it learnt squares alone: elsewhere it draws things twice, or half of them
		return d.ShapeOf(1, 1, multiple)
	}
	if w.Shape == shapeStart && w.Start != nil {
		return d.ShapeLike(w.Start.Width, w.Start.Height, multiple)
	}
	for _, s := range pictureShapes {
		if s.label == w.Shape {
			return d.ShapeOf(s.x, s.y, multiple)
		}
	}
	return d.ShapeOf(1, 1, multiple)
}

// steps is how many steps the pictures of a model take.
func (w wish) steps(m backend.Model) int {
	if t := w.tune(tuned(m)); t.Steps > 0 {
		return t.Steps
	}
	return studio.DefaultsFor(m.Family, m.Name).StepsFor(w.Quality)
}

// cfg is how closely the prompt is followed.
func (w wish) cfg(m backend.Model) float32 {
	if t := w.tune(tuned(m)); t.CFG > 0 {
		return t.CFG
	}
	return studio.DefaultsFor(m.Family, m.Name).CFG
}

// request is what the studio is asked for, out of the installed models.
func (w wish) request(m backend.Model, installed []backend.Model) (studio.Request, error) {
	prompt, _ := studio.LoRAsIn(w.Prompt)
	t, shape := w.tune(tuned(m)), w.shapeOf(m)
	r := studio.Request{
		ModelID: m.ID, Prompt: strings.TrimSpace(prompt), Negative: t.Negative, Width: shape.Width, Height: shape.Height,
		Steps: w.steps(m), Sampler: t.Sampler, Scheduler: t.Schedule, CFG: w.cfg(m), Seed: w.Seed,
	}
	if w.Start != nil {
		r.Start, r.Strength = w.Start.SHA256, w.strength()
	}
	var err error
	r.LoRAs, err = w.loras(m, installed)
	return r, err
}

// pace is how long pictures of a size take with a model, learnt from the receipts of those that were drawn.
type pace struct{ step, rest time.Duration }

type paceKey struct {
	model         string
	width, height int
}

// paces learns from pictures, the newest first.
func paces(ps []backend.Picture) map[paceKey]pace {
	known := map[paceKey]pace{}
	for _, p := range ps {
		rec, ok := receiptOf(p)
		if !ok || rec.Settings.Steps < 1 || rec.Sample <= 0 || rec.Settings.Mask != "" || rec.Settings.Upscaler != "" {
			continue // what was drawn of it has another size
		}
		k := paceKey{rec.Settings.Model, rec.Settings.Width, rec.Settings.Height}
		if _, known := known[k]; known {
			continue
		}
		known[k] = pace{rec.Sample / time.Duration(studio.StepsTaken(rec.Settings.Steps, rec.Settings.Strength)), rec.Decode}
	}
	return known
}

// receiptOf reads what a picture's row says of its making.
func receiptOf(p backend.Picture) (imagemeta.Receipt, bool) {
	var rec imagemeta.Receipt
	err := json.Unmarshal(p.Settings, &rec)
	return rec, err == nil && rec.Format > 0
}

// forecast is the line beside Draw: the memory that the set and its widest stage take at this size, and the time where the pace is known.
func forecast(set library.Set, r studio.Request, count int, known map[paceKey]pace) string {
	bytes := set.Model.SizeBytes
	for _, p := range set.Parts {
		bytes += p.SizeBytes
	}
	line := bytesText(hardware.ForecastPicture(set.Model.Family, bytes, r.Width, r.Height, true).Total)
	if p, ok := known[paceKey{set.Model.Name, r.Width, r.Height}]; ok {
		line += ", about " + spanText(time.Duration(count)*(p.step*time.Duration(studio.StepsTaken(r.Steps, r.Strength))+p.rest))
	}
	return line
}

// spanText is a length of time as people say it: "40 s", "2 min".
func spanText(d time.Duration) string {
	s := d.Seconds()
	switch {
	case s < 1:
		return "1 s"
	case s < 10:
		return fmt.Sprintf("%.0f s", math.Ceil(s))
	case s < 55:
		return fmt.Sprintf("%.0f s", math.Ceil(s/5)*5)
	case s < 3600:
		return fmt.Sprintf("%.0f min", math.Ceil(s/60))
	}
	return strconv.FormatFloat(math.Round(s/360)/10, 'f', -1, 64) + " h"
}

// phaseText is what an engine's phase means to a person; "" = nothing.
func phaseText(phase string) string {
	switch phase {
	case "loading":
		return "loading the model"
	case "text", "encode":
		return "reading the prompt"
	case "lora":
		return "applying LoRAs"
	case "decode":
		return "finishing the picture"
	case "upscale":
		return "making it larger"
	}
	return ""
}

// sameModel finds the installed model that drew a picture: by its hash, else by its name; nil = it is not installed.
func sameModel(s imagemeta.Settings, models []backend.Model) *backend.Model {
	for i := range models {
		if h := models[i].SHA256; h != "" && len(s.ModelHash) >= 10 && strings.HasPrefix(h, s.ModelHash) {
			return &models[i]
		}
	}
	for i := range models {
		if models[i].Name == s.Model && s.Model != "" {
			return &models[i]
		}
	}
	return nil
}

// recall fills a wish with the settings of a picture. missing names what is not installed, in words.
func (w *wish) recall(s imagemeta.Settings, models, loras []backend.Model) (missing []string) {
	w.Prompt, w.Seed, w.Locked = s.Prompt, s.Seed&0x7fffffff, true
	family := ""
	for _, m := range models {
		if m.ID == w.ModelID {
			family = tuned(m)
		}
	}
	if m := sameModel(s, models); m != nil {
		w.ModelID, family = m.ID, tuned(*m)
	} else if s.Model != "" {
		missing = append(missing, "the model "+s.Model)
	}
	t := tune{Negative: s.Negative, Steps: s.Steps, CFG: s.CFG, Sampler: s.Sampler, Schedule: s.Scheduler}
	w.Shape = ""
	if s.Factor > 1 { // it was drawn smaller
		s.Width, s.Height = s.Width/s.Factor, s.Height/s.Factor
	}
	if s.Width >= 64 && s.Height >= 64 && s.Width <= 4096 && s.Height <= 4096 {
		t.Width, t.Height = s.Width, s.Height
	}
	w.setTune(family, t)
	w.Start = nil
	if s.Mask == "" && s.Strength > 0 && s.Strength <= 1 {
		w.Strength = s.Strength
	}
	var list []loraUse
	for _, l := range s.LoRAs {
		i := slices.IndexFunc(loras, func(m backend.Model) bool {
			return l.SHA256 != "" && m.SHA256 == l.SHA256 || m.Name == l.Name
		})
		if i < 0 {
			missing = append(missing, "the LoRA "+l.Name)
			continue
		}
		list = append(list, loraUse{ModelID: loras[i].ID, Weight: l.Weight})
	}
	w.setUses(w.ModelID, list)
	return missing
}
