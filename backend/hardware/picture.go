package hardware

import "loam/backend"

// picture forecasts a picture model: all files of the set are held, and the widest stage beside them. The stages follow from
// the size of the picture; their factors are those of the picture engine's own reports of its buffers.
func picture(w Wish) (backend.Forecast, []backend.Stage) {
	pw := *w.Picture
	side := usualSide(w.Model.Family)
	if pw.Width <= 0 || pw.Height <= 0 {
		pw.Width, pw.Height = side, side
	}
	points := int64(pw.Width) * int64(pw.Height)
	latents := points / 64
	denoise := int64(perLatent(w.Model.Family) * float64(latents))
	if !pw.Flash { // attention over all pairs of the finest layer's tokens, in single precision
		heads, tokens := attention(w.Model.Family, latents)
		denoise += 4 * heads * tokens * tokens
	}
	stages := []backend.Stage{
		{Name: "reading the prompt", Bytes: 200 << 20},
		{Name: "drawing", Bytes: denoise},
		{Name: "finishing", Bytes: decodeBytes * points},
	}
	f := backend.Forecast{Weights: w.Model.SizeBytes + pw.Parts, Compute: 40 << 20, Free: w.Machine.MemoryFree}
	var widest int64
	for _, s := range stages {
		widest = max(widest, s.Bytes)
	}
	f.Compute += widest
	f.Total = f.Weights + f.Compute
	return f, stages
}

// decodeBytes is what a VAE's decoder takes for a point of the picture: 13 planes of 128 channels in single precision, which is
// the 1,664 MB that stable-diffusion.cpp reports for 512x512.
const decodeBytes = 13 * 128 * 4

// usualSide is how large pictures of a family usually are, in points.
func usualSide(family string) int {
	switch family {
	case "sd1", "sd2":
		return 512
	}
	return 1024
}

// perLatent is what a step takes for a place of the latents, in bytes, attention apart; with attention below it gives the
// engine's 560 MB for SD 1 at 512x512, 831 MB for SDXL and 2.6 GB for Flux at 1024x1024.
func perLatent(family string) float64 {
	switch family {
	case "sd1", "sd2":
		return 6e3
	case "sdxl":
		return 10e3
	}
	return 33e3
}

// attention gives the heads and tokens of the widest attention for so many places of the latents.
func attention(family string, latents int64) (heads, tokens int64) {
	switch family {
	case "sd1", "sd2":
		return 8, latents
	case "sdxl":
		return 10, latents / 4
	}
	return 24, latents/4 + 512 // and the words of the prompt
}

// ForecastPicture says what drawing will take beside nothing else, in bytes: the files of the set and the widest stage.
func ForecastPicture(family string, files int64, width, height int, flash bool) backend.Forecast {
	f, _ := picture(Wish{Load: Load{Model: backend.Model{Family: family, SizeBytes: files}}, Picture: &PictureWish{Width: width, Height: height, Flash: flash}})
	return f
}
