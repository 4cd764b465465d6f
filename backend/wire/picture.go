package wire

// The requests of a picture engine. Their bodies are the request types of package engine.
const (
	OpPictureOpen Op = "picture open"
	OpDraw        Op = "draw"    // the child wants Pixels for each picture that Draw announces; answers with pixels
	OpUpscale     Op = "upscale" // likewise, one picture
)

// The events of a picture engine.
const (
	EventProgress EventType = "progress" // engine.PictureProgress without its preview
	EventPixels   EventType = "pixels"   // Pixels; its bytes follow in Data frames
)

// Pixels announces a picture of Width x Height x Channels bytes.
type Pixels struct {
	Preview  bool `json:"preview,omitempty"` // the picture so far, after Step
	Step     int  `json:"step,omitempty"`
	Width    int  `json:"width"`
	Height   int  `json:"height"`
	Channels int  `json:"channels"`
}

// MaxPixels bounds a picture that crosses the wire, in bytes.
const MaxPixels = 1 << 30

// Bytes is the picture's size; ok is false when it is none that may cross.
func (p Pixels) Bytes() (n int, ok bool) {
	if p.Width < 1 || p.Height < 1 || p.Width > 1<<16 || p.Height > 1<<16 || p.Channels != 1 && p.Channels != 3 {
		return 0, false
	}
	n = p.Width * p.Height * p.Channels
	return n, n <= MaxPixels
}

// Draw is the body of OpDraw and OpUpscale: the request and what pixels the parent will send for it, in this order.
type Draw[T any] struct {
	Request T       `json:"request"`
	Init    *Pixels `json:"init,omitempty"`
	Mask    *Pixels `json:"mask,omitempty"`
}
