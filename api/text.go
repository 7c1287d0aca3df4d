package api

import "encoding/json"

// TextType says what a part of a text is.
type TextType string

// Parts of texts. Plain text, a hard line break (with an empty literal), an HTML
// anchor and a block of code with a caption have no type.
const (
	TextParagraph  TextType = "paragraph"
	TextBlockQuote TextType = "blockquote"
	TextCodeBlock  TextType = "codeblock"
	TextHeading    TextType = "heading" // without what it says: Message.Text has it
	TextCode       TextType = "code"
	TextEmph       TextType = "emph"
	TextStrong     TextType = "strong"
	TextStrongEmph TextType = "strong-emph"
	TextDel        TextType = "del"
	TextLink       TextType = "link"
	TextMention    TextType = "mention"    // of a contact id
	TextStatusTag  TextType = "status-tag" // name of a public chat, without #
)

// Values implements Enum.
func (TextType) Values() []TextType {
	return []TextType{
		TextParagraph, TextBlockQuote, TextCodeBlock, TextHeading, TextCode, TextEmph, TextStrong, TextStrongEmph,
		TextDel, TextLink, TextMention, TextStatusTag,
	}
}

// TextNode is a part of a text as status-go shows it. Which members it has
// depends on its type; what a text of that type does not have is nil.
type TextNode struct {
	Type TextType `json:"type,omitempty"`
	// Children are those of paragraphs and links, of a block of code with a
	// caption, and of the caption: at most four levels in all. Null where there
	// are none, always in block quotes and headings.
	Children *[]TextNode `json:"children,omitempty"`
	// Literal is the text without its marks. Only paragraphs have none.
	Literal *string `json:"literal,omitempty"`
	// Title and Destination are of links; the title is always empty.
	Title       *string `json:"title,omitempty"`
	Destination string  `json:"destination,omitempty"`
	// Level is 1 or 2, and IsTitleBlock false, in headings.
	Level        int   `json:"level,omitempty"`
	IsTitleBlock *bool `json:"isTitleBlock,omitempty"`
}

// UnmarshalJSON implements json.Unmarshaler. It keeps children that are null
// apart from those that are not there.
func (n *TextNode) UnmarshalJSON(raw []byte) error {
	type members TextNode
	var in struct {
		members
		Children json.RawMessage `json:"children"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	*n = TextNode(in.members)
	if in.Children == nil {
		return nil
	}
	n.Children = new([]TextNode)
	return json.Unmarshal(in.Children, n.Children)
}
