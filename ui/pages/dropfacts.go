package pages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // pictures that are dropped, and previews that lie beside LoRAs
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	_ "golang.org/x/image/webp" // likewise

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/hardware"
	"loam/backend/library"
)

// kindName is what a kind of file is called in a sentence.
func kindName(k backend.ModelKind) string {
	switch k {
	case backend.KindChat:
		return "chat model"
	case backend.KindAdapter:
		return "LoRA for a chat model"
	case backend.KindProjector:
		return "vision projector"
	case backend.KindEmbedding:
		return "embedding model"
	case backend.KindDiffusion:
		return "picture model"
	case backend.KindTextEncoder:
		return "text encoder"
	case backend.KindVAE:
		return "VAE"
	case backend.KindControlNet:
		return "ControlNet"
	case backend.KindUpscaler:
		return "upscaler"
	case backend.KindLoRA:
		return "LoRA"
	case backend.KindReranker:
		return "reranker"
	case backend.KindGuard:
		return "guard model"
	case backend.KindTextual:
		return "textual inversion (a learned word)"
	case backend.KindImageAdapter:
		return "image adapter"
	case backend.KindUnknown:
	}
	if k == "" || k == backend.KindUnknown {
		return "file"
	}
	return string(k)
}

// familyNames are the families of models as people call them.
var familyNames = map[string]string{
	"sd1": "SD 1.5", "sd2": "SD 2", "sdxl": "SDXL", "sd3": "SD 3", "flux": "Flux", "flux2": "Flux 2", "chroma": "Chroma",
	"qwen-image": "Qwen-Image", "z-image": "Z-Image", "lumina2": "Lumina 2", "auraflow": "AuraFlow", "ltx": "LTX-Video",
	"wan": "Wan", "hidream": "HiDream", "hunyuan-video": "HunyuanVideo", "t5": "T5", "clip-l": "CLIP L", "clip-g": "CLIP G",
	"clip": "CLIP", "esrgan": "ESRGAN", "tae": "fast preview", "sd": "SD", "llama": "Llama",
	"umt5": "UMT5", "qwen2vl": "Qwen2.5-VL", "qwen3": "Qwen3", "gemma2": "Gemma 2", "mistral": "Mistral", "kolors": "Kolors",
	"pixart": "PixArt", "sana": "Sana", "svd": "Stable Video", "cascade": "Stable Cascade", "sdxl-refiner": "SDXL refiner",
	"cosmos": "Cosmos", "anima": "Anima", "omnigen2": "OmniGen 2", "hunyuan-dit": "Hunyuan-DiT", "cogvideox": "CogVideoX",
	"mochi": "Mochi", "kandinsky5": "Kandinsky 5", "ip-adapter": "IP-Adapter", "t2i-adapter": "T2I-Adapter",
	"flux-redux": "Flux Redux", "photomaker": "PhotoMaker", "pulid": "PuLID",
}

// familyName is a family for a person; "" = not known.
func familyName(family string) string {
	if n, ok := familyNames[family]; ok {
		return n
	}
	return family
}

// modelFacts is the quiet line of a model file: "LoRA, SDXL, rank 16, 44 MB".
func modelFacts(m backend.Model) string {
	facts := []string{kindName(m.Kind), familyName(m.Family)}
	if m.Shape.Rank > 0 {
		facts = append(facts, "rank "+strconv.Itoa(m.Shape.Rank))
	} else if m.Kind != backend.KindLoRA {
		facts = append(facts, m.Quant)
	}
	facts = append(facts, bytesText(m.SizeBytes))
	facts = slices.DeleteFunc(facts, func(s string) bool { return s == "" })
	facts[0] = strings.ToUpper(facts[0][:1]) + facts[0][1:]
	return strings.Join(facts, ", ")
}

// licenseWords is the licence in a line of its own.
func licenseWords(m backend.Model) string {
	if m.License == "" || m.License == library.LicenseUnknown {
		return "licence: not stated"
	}
	return "licence: " + m.License
}

// triggersOf are the words that a LoRA listens to.
func triggersOf(m backend.Model) []string {
	var list []string
	for w := range strings.SplitSeq(m.Shape.Triggers, ",") {
		if w = strings.TrimSpace(w); w != "" && !slices.Contains(list, w) && len(list) < 12 {
			list = append(list, w)
		}
	}
	return list
}

// fitLine says what a model file can be used with among the installed ones. good = it can be put to use as things are.
func fitLine(m backend.Model, all []backend.Model, machine hardware.Machine) (line string, good bool) {
	switch m.Kind {
	case backend.KindChat:
		if !CanAnswer(m) {
			return "Cannot be used yet: " + reason(m) + ".", false
		}
		f := hardware.Forecast(m, 0, machine)
		if machine.MemoryFree <= 0 {
			return "", true
		}
		if !f.Fits() {
			return fmt.Sprintf("Needs %s of memory and %s are free: close other programs, or take a smaller one.", bytesText(f.Needed()), bytesText(f.Free)), false
		}
		return fmt.Sprintf("Fits this machine: needs %s of memory, leaves %s free.", bytesText(f.Needed()), bytesText(f.Free-f.Needed())), true
	case backend.KindDiffusion:
		if s := library.SetOf(m, all); !s.Complete() {
			return "Still lacks: " + strings.Join(s.Missing, ", ") + ". Drop it here too, and the set completes itself.", false
		} else if len(s.Parts) > 0 {
			return "The set is complete: " + partNames(s.Parts) + " found on this machine.", true
		}
		return "Complete in one file.", true
	case backend.KindTextEncoder, backend.KindVAE:
		return partLine(m, all)
	case backend.KindUpscaler:
		return "Makes finished pictures larger: open one and press Upscale.", true
	case backend.KindControlNet:
		return "Loam keeps it, and cannot draw with it yet.", false
	case backend.KindProjector:
		if chat, ok := library.ChatOf(m, all); ok {
			return "Lets " + modelName(chat) + " see pictures, and stands with it now. It is not used yet: the chat engine cannot look at pictures.", false
		}
		return "Lets a chat model see pictures. Loam keeps it, and cannot use it yet.", false
	case backend.KindEmbedding:
		return "Finds passages in attached files by their meaning; it does not chat. Loam uses it from now on.", true
	case backend.KindReranker:
		return "Rates how well texts answer a question; it cannot chat. Loam keeps it, and cannot use it yet.", false
	case backend.KindGuard:
		return "Rates whether texts are harmful; it does not chat. Loam keeps it, and cannot use it yet.", false
	case backend.KindTextual, backend.KindImageAdapter:
		return "Loam keeps it, and cannot draw with it yet.", false
	case backend.KindLoRA, backend.KindAdapter, backend.KindUnknown:
	}
	return "", true
}

func partNames(parts []backend.Model) string {
	var names []string
	for _, p := range parts {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

// partLine says which picture models a part serves and what those still lack.
func partLine(m backend.Model, all []backend.Model) (string, bool) {
	serves, lacks := "", ""
	for _, d := range all {
		if d.Kind != backend.KindDiffusion {
			continue
		}
		s := library.SetOf(d, all)
		if !slices.ContainsFunc(s.Parts, func(p backend.Model) bool { return p.ID == m.ID }) {
			continue
		}
		if s.Complete() {
			serves = "Completes " + d.Name + ", which can draw now."
		} else if lacks == "" {
			lacks = d.Name + " still lacks: " + strings.Join(s.Missing, ", ") + "."
		}
	}
	switch {
	case serves != "":
		return serves, true
	case lacks != "":
		return "A part of a set. " + lacks, false
	}
	return "A part of a set. The picture model it belongs to is not here yet: drop it too.", false
}

// sniff is what a file is by its first bytes, before any reader of models sees it.
type sniff uint8

const (
	sniffModel sniff = iota // for the readers of models to say
	sniffFolder
	sniffPicture
	sniffText
	sniffDocument // PDF, DOCX
)

// maxTextFile is up to which size a text is offered for the message.
const maxTextFile = 64 << 10

// isPicture says whether a file is a picture to start from, by its first bytes.
func isPicture(path string) bool {
	kind, _ := sniffFile(path)
	return kind == sniffPicture && smallEnough(path)
}

// smallEnough says whether a picture has a size that can be read.
func smallEnough(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	c, format, err := image.DecodeConfig(f)
	return err == nil && format != "gif" && c.Width > 0 && c.Height > 0 && c.Width <= maxPicturePixels/c.Height
}

// sniffFile looks at the front of a file. Endings are not believed, except to tell a text from a model's sidecar.
func sniffFile(path string) (kind sniff, sizeBytes int64) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return sniffModel, 0
	}
	if info.IsDir() {
		return sniffFolder, 0
	}
	f, err := os.Open(path)
	if err != nil {
		return sniffModel, info.Size()
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return sniffModel, info.Size()
	}
	head = head[:n]
	for _, magic := range []string{"\x89PNG\r\n\x1A\n", "\xFF\xD8\xFF", "GIF8"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return sniffPicture, info.Size()
		}
	}
	if len(head) > 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP" {
		return sniffPicture, info.Size()
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gguf", ".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin":
		return sniffModel, info.Size()
	}
	switch {
	case bytes.Contains(head, []byte("%PDF-")), bytes.HasPrefix(head, []byte("PK\x03\x04")) && attach.KindOf(path) == backend.AttachWord:
		return sniffDocument, info.Size()
	case n > 0 && (plainText(head) || oddText(path, head)):
		return sniffText, info.Size()
	}
	return sniffModel, info.Size()
}

// oddText says whether a file is a text that is not UTF-8: by its byte order mark, or by a name that only texts have.
func oddText(path string, head []byte) bool {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return true
	}
	named := attach.KindOf(path) != backend.AttachText || strings.EqualFold(filepath.Ext(path), ".txt")
	return named && bytes.IndexByte(head, 0) < 0
}

// MayAttach says by its name alone whether a file may be Attachable.
func MayAttach(path string) bool {
	return attach.KindOf(path) != backend.AttachText || strings.EqualFold(filepath.Ext(path), ".txt") || filepath.Ext(path) == ""
}

// Attachable says whether a file is one that is attached to a message without a question: a text or a document, and no export of
// chats.
func Attachable(path string) bool {
	kind, _ := sniffFile(path)
	return kind == sniffDocument || kind == sniffText && !mayHoldChats(path, kind)
}

func plainText(head []byte) bool {
	for _, b := range head {
		if b < 0x20 && b != '\n' && b != '\r' && b != '\t' && b != '\f' {
			return false
		}
	}
	return strings.ToValidUTF8(string(head[:max(0, len(head)-3)]), "\uFFFD") == string(head[:max(0, len(head)-3)])
}

// previewBeside finds the picture that tools lay beside a LoRA: "name.preview.png", "name.png", "name.jpg".
func previewBeside(path string) image.Image {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	for _, ext := range []string{".preview.png", ".png", ".preview.jpg", ".preview.jpeg", ".jpg", ".jpeg"} {
		if img := smallPicture(stem + ext); img != nil {
			return img
		}
	}
	return nil
}

// smallPicture decodes a PNG or JPEG for a thumbnail; nil where it cannot, or where it is no ordinary file.
func smallPicture(path string) image.Image {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxPictureFile {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	c, _, err := image.DecodeConfig(f)
	if err != nil || c.Width < 1 || c.Height < 1 || c.Width > maxPicturePixels/c.Height {
		return nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil
	}
	img, _, err := image.Decode(f)
	if err != nil {
		return nil
	}
	return shrink(img, thumbSide)
}

// machineOf asks for the machine where a chat model's memory is to be told.
func (r *dropRow) machineOf(ctx context.Context, m backend.Model) hardware.Machine {
	if m.Kind != backend.KindChat {
		return hardware.Machine{}
	}
	return r.card.env.System.Machine(ctx)
}
