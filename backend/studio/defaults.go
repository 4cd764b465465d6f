package studio

import (
	"math"
	"strings"
)

// Quality is how much time a picture may take.
type Quality string

// The qualities, as the page offers them.
const (
	Draft Quality = "draft"
	Good  Quality = "good"
	Best  Quality = "best"
)

// Defaults is what a family of models draws best with.
type Defaults struct {
	Size  int     // pixels of the side of a square
	Steps int     // of quality Good
	CFG   float32 // 1 = no guidance: a negative prompt has no effect
}

// defaults are what the models' authors recommend.
var defaults = map[string]Defaults{
	"sd1": {512, 20, 7}, "sd2": {768, 25, 7}, "sdxl": {1024, 25, 6}, "sd3": {1024, 28, 4.5}, "flux": {1024, 20, 1},
	"chroma": {1024, 26, 4}, "qwen-image": {1024, 20, 2.5}, "z-image": {1024, 8, 1}, "lumina2": {1024, 25, 4},
}

// few are words in a model's name that promise pictures in few steps without guidance.
var few = map[string]int{"schnell": 4, "turbo": 4, "lightning": 4, "lcm": 6, "hyper": 8, "distilled": 8}

// starter is in the name of the model that comes with Loam: it learnt pictures of 128 pixels and draws them in four steps.
const starter = "loam starter"

// DefaultsFor says how to draw with a model of this family and name.
func DefaultsFor(family, name string) Defaults {
	if strings.Contains(strings.ToLower(name), starter) {
		return Defaults{128, 4, 1}
	}
	d, ok := defaults[family]
	if !ok {
		d = Defaults{512, 20, 4}
	}
	for word, steps := range few {
		if strings.Contains(strings.ToLower(name), word) {
			d.Steps, d.CFG = steps, 1
		}
	}
	return d
}

// StepsFor is how many steps a quality takes.
func (d Defaults) StepsFor(q Quality) int {
	switch q {
	case Draft:
		return max(2, d.Steps/2)
	case Best:
		return d.Steps + d.Steps/2
	case Good:
	}
	return d.Steps
}

// Shape is a width and a height in pixels.
type Shape struct{ Width, Height int }

// ShapeOf gives the shape of about side x side pixels with the ratio x:y, in multiples that the model can draw.
func (d Defaults) ShapeOf(x, y, multiple int) Shape {
	if multiple < 1 {
		multiple = 64
	}
	round := func(n float64) int { return max(multiple, int(n/float64(multiple)+0.5)*multiple) }
	side, ratio := float64(d.Size), float64(x)/float64(y)
	root := math.Sqrt(ratio)
	return Shape{round(side * root), round(side / root)}
}

// longest is how many times as long as wide a picture may be that follows a start picture.
const longest = 3

// ShapeLike is the shape in which a model draws a picture that starts from one of w x h: that size itself where the model
// draws it, else one of about side x side pixels with its ratio, at most 3:1.
func (d Defaults) ShapeLike(w, h, multiple int) Shape {
	if w < 1 || h < 1 {
		return d.ShapeOf(1, 1, multiple)
	}
	best := d.Size * d.Size
	if multiple > 0 && w%multiple == 0 && h%multiple == 0 && w*h <= best*3/2 && w*h >= best/2 {
		return Shape{w, h}
	}
	w, h = max(w, (h+longest-1)/longest), max(h, (w+longest-1)/longest)
	near := d.ShapeOf(w, h, multiple)
	multiple = max(multiple, 1)
	ratio, shape, least := float64(w)/float64(h), near, math.Inf(1)
	// Of the sizes around that one, the one that cuts least off without being much larger or smaller.
	for dw := -3; dw <= 3; dw++ {
		for dh := -3; dh <= 3; dh++ {
			s := Shape{near.Width + dw*multiple, near.Height + dh*multiple}
			if s.Width < multiple || s.Height < multiple {
				continue
			}
			off := math.Abs(math.Log(float64(s.Width) / float64(s.Height) / ratio))
			size := math.Abs(math.Log(float64(s.Width*s.Height) / float64(best)))
			if cost := off + size/4; cost < least {
				shape, least = s, cost
			}
		}
	}
	return shape
}

// VarySteps is how many steps a picture must have for a variation to start from the picture itself: only a part of the
// steps is taken then, and with models that draw in a few of them nothing else would come of it.
const VarySteps = 12

// VaryStrength is how much of a picture a variation changes: its scene stays, its details do not. StartStrength and
// EditStrength are where the sliders of start pictures and of masked parts begin.
const (
	VaryStrength  = 0.55
	StartStrength = 0.65
	EditStrength  = 0.85
)
