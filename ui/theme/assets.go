package theme

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// bundle is what was read from the assets: shared by all themes that were made from each other.
type bundle struct {
	fonts map[string]fyne.Resource             // by file name without its end
	tall  map[string]fyne.Resource             // the same in a higher box
	icons map[fyne.ThemeIconName]fyne.Resource // in the text colour
	sinks *sinks
}

func loadBundle(assets fs.FS) (*bundle, error) {
	b := &bundle{fonts: map[string]fyne.Resource{}, tall: map[string]fyne.Resource{}, icons: map[fyne.ThemeIconName]fyne.Resource{}, sinks: &sinks{known: map[sinkKey]bool{}}}
	for _, name := range []string{
		"Inter-Regular", "Inter-RegularItalic", "Inter-Medium", "Inter-SemiBold", "Inter-SemiBoldItalic",
		"JetBrainsMono-Regular", "JetBrainsMono-RegularItalic", "JetBrainsMono-SemiBold", "JetBrainsMono-SemiBoldItalic",
	} {
		data, err := fs.ReadFile(assets, path.Join("fonts", name+".ttf"))
		if err != nil {
			return nil, fmt.Errorf("read typeface %s: %w", name, err)
		}
		box, err := withBox(data, boxAscent, boxDescent)
		if err != nil {
			return nil, fmt.Errorf("read typeface %s: %w", name, err)
		}
		tall, err := withBox(data, tallAscent, tallDescent)
		if err != nil {
			return nil, fmt.Errorf("read typeface %s: %w", name, err)
		}
		b.fonts[name] = fyne.NewStaticResource(name+".ttf", box)
		// Fyne takes the name of a typeface that is asked for by itself for the family to look for its missing letters.
		b.tall[name] = fyne.NewStaticResource(familyOf(name), tall)
	}
	for name, file := range iconFiles {
		if !strings.Contains(file, "/") {
			file = "icons/" + file
		}
		data, err := fs.ReadFile(assets, file+".svg")
		if err != nil {
			return nil, fmt.Errorf("read icon %s: %w", file, err)
		}
		b.icons[name] = fynetheme.NewThemedResource(fyne.NewStaticResource(path.Base(file)+".svg", data))
	}
	return b, nil
}

func familyOf(name string) string {
	if strings.HasPrefix(name, "JetBrainsMono") {
		return "monospace"
	}
	return "sans-serif"
}

func (b *bundle) font(style fyne.TextStyle) fyne.Resource {
	if style.Symbol {
		return fynetheme.DefaultSymbolFont()
	}
	return b.fonts[fontName(style)]
}

// fontName is the file of a style, without its end.
func fontName(style fyne.TextStyle) string {
	var name strings.Builder
	name.WriteString("Inter-")
	if style.Monospace {
		name.Reset()
		name.WriteString("JetBrainsMono-")
	}
	if style.Bold {
		name.WriteString("SemiBold")
	} else {
		name.WriteString("Regular")
	}
	if style.Italic {
		name.WriteString("Italic")
	}
	return name.String()
}

func (b *bundle) icon(name fyne.ThemeIconName) fyne.Resource {
	if res, ok := b.icons[name]; ok {
		return res
	}
	return fynetheme.DefaultTheme().Icon(name) // a name that only a newer Fyne knows
}
