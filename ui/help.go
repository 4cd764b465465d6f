package ui

import "loam/ui/pages"

// chapterOf is the chapter that a page's F1 opens.
func chapterOf(p pages.Page) string {
	switch p {
	case pages.PagePictures:
		return "first-picture"
	case pages.PageModels:
		return "models"
	case pages.PageSettings:
		return "troubleshooting"
	case pages.PageChats, pages.PageGuide:
	}
	return "first-chat"
}

// openGuide shows the guide at a link, or at the chapter of the page that is shown; where the guide is shown already, F1
// leads to its search.
func (u *UI) openGuide(link string) {
	from := u.page
	u.closeCard()
	u.show(pages.PageGuide)
	switch {
	case link != "":
		u.guide.Open(link)
	case from != pages.PageGuide:
		u.guide.Open(chapterOf(from))
	}
	u.guide.FocusSearch()
}
