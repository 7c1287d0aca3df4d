package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed" // the parts of the HTML form
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
	"statusd/internal/atomicfile"
	"statusd/internal/termtext"
	"statusd/payloads"
)

// Forms of an export.
const (
	exportJSON = "json"
	exportHTML = "html"
	exportText = "txt"
)

func (a *app) exportCommand() frame.Command {
	return frame.Command{
		Use: "export --chat CHAT", Short: "Write a whole chat as JSON, HTML or text",
		Long: `Writes all messages of a chat that this device has, oldest first: as JSON, one
message on each line; as one HTML page with its images inside; or as text. A new
file is readable to you alone. It is not encrypted.`,
		Example: "  statusd export --chat '#tea' --format html --out tea.html",
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, time.Minute)
			chat, format, out, force := "", exportJSON, toStdout, false
			fs.Var(&chat, "chat", "the chat to write").Complete(c.chats())
			fs.Var(&format, "format", "json, html or txt").Complete(frame.OneOf(exportJSON, exportHTML, exportText))
			fs.Var(&out, "out", "file to write (-: standard output)")
			fs.Var(&force, "force", "replace an existing file")
			run := c.within(func(ctx context.Context, s *session, _ []string) error {
				return a.export(ctx, s, chat, format, a.place(out, 0o600, force))
			})
			return func(ctx context.Context, args []string) error {
				switch format {
				case exportJSON, exportHTML, exportText:
				default:
					return badChoice("format", format, exportJSON, exportHTML, exportText)
				}
				if chat == "" {
					return usageError(errors.New("missing flag: --chat, for instance '#tea'; see: statusd chats"))
				}
				if err := checkOut(a.place(out, 0o600, force)); err != nil {
					return err
				}
				a.silent = out == toStdout
				return run(ctx, args)
			}
		},
	}
}

// exporter turns a chat into a file. Pages come the newest first and files
// begin with the oldest, so pages are kept in a file of their own until the
// last one has come.
type exporter struct {
	session *session
	chat    api.Chat
	format  string
	pages   *os.File // has no name any more
	ends    []int64  // where each page ends
	count   int
	page    *template.Template // with HTML
	bar     *progress
}

func (a *app) export(ctx context.Context, s *session, name, format string, out atomicfile.Place) error {
	chat, err := s.chat(ctx, name)
	if err != nil {
		return err
	}
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	parts, err := exportPage()
	if err != nil {
		return fail(fault.Internal, err)
	}
	e := &exporter{session: s, chat: chat, format: format, page: parts, bar: a.newProgress("export")}
	e.bar.quiet = true
	target, finish, folder, err := a.exportTarget(ctx, out)
	if err != nil {
		return err
	}
	if e.pages, err = os.CreateTemp(folder, ".statusd-export-*"); err != nil {
		return finish(cannotCreate(err))
	}
	defer e.pages.Close()
	if err := os.Remove(e.pages.Name()); err != nil {
		return finish(cannotCreate(err))
	}
	err = e.fetch(ctx)
	e.bar.clear()
	if err == nil {
		err = writeFailed(e.write(target))
	}
	if err = finish(err); err == nil && out.Path != toStdout {
		a.note("%d messages in %s", e.count, out.Path)
	}
	return err
}

// exportTarget opens what to write to. finish puts the file in its place, or
// gives it up if something went wrong. folder has room for the result, so for
// the pages as well.
func (a *app) exportTarget(
	ctx context.Context, out atomicfile.Place,
) (w io.Writer, finish func(error) error, folder string, err error) {
	if out.Path == toStdout {
		return a.out, func(err error) error { return err }, "", nil
	}
	o, err := out.Create(ctx)
	if err != nil {
		return nil, nil, "", cannotCreate(err)
	}
	return o, func(err error) error {
		defer o.Abort()
		if err != nil {
			return err
		}
		return writeFailed(o.Commit())
	}, o.Folder(), nil
}

// fetch reads all pages.
func (e *exporter) fetch(ctx context.Context) error {
	end := int64(0)
	for cursor := ""; ; {
		page, err := e.session.messages(ctx, e.chat.ID, cursor, messagePage)
		if err != nil {
			return err
		}
		slices.Reverse(page.Messages)
		var b bytes.Buffer
		for i := range page.Messages {
			if err := e.message(&b, &page.Messages[i]); err != nil {
				return fail(fault.Internal, err)
			}
		}
		if _, err := e.pages.Write(b.Bytes()); err != nil {
			return fail(fault.IO, err)
		}
		end += int64(b.Len())
		e.ends = append(e.ends, end)
		e.count += len(page.Messages)
		e.bar.show(-1, "%d messages", e.count)
		if cursor = page.Cursor; cursor == "" || len(page.Messages) == 0 {
			return nil
		}
	}
}

// write puts the pages in order, between what comes before and after them.
func (e *exporter) write(target io.Writer) error {
	w := bufio.NewWriter(target)
	title := e.session.chatName(&e.chat)
	if e.format == exportHTML {
		if err := e.page.ExecuteTemplate(w, "head", title); err != nil {
			return err
		}
	}
	for i := len(e.ends) - 1; i >= 0; i-- {
		start := int64(0)
		if i > 0 {
			start = e.ends[i-1]
		}
		if _, err := io.Copy(w, io.NewSectionReader(e.pages, start, e.ends[i]-start)); err != nil {
			return err
		}
	}
	if e.format == exportHTML {
		if err := e.page.ExecuteTemplate(w, "foot", e.count); err != nil {
			return err
		}
	}
	return w.Flush()
}

// message writes one message in the form asked for.
func (e *exporter) message(b *bytes.Buffer, m *api.Message) error {
	switch e.format {
	case exportJSON:
		enc := json.NewEncoder(b)
		enc.SetEscapeHTML(false)
		return enc.Encode(e.session.shownMessage(m))
	case exportText:
		text := strings.ReplaceAll(termtext.Lines(m.Text), "\n", "\n    ")
		_, err := fmt.Fprintf(b, "%s  %s: %s%s\n", millisText(m.WhisperTimestamp), e.session.nameOf(m.From, m.Alias), text,
			statusMark(m))
		return err
	}
	shown := struct {
		*api.Message
		Name, Time, Mark string
		Picture, Sound   template.URL
	}{m, e.session.nameOf(m.From, m.Alias), millisText(m.WhisperTimestamp), statusMark(m), "", ""}
	// Pictures and recordings only: the page must neither fetch nor run anything
	// when it is opened.
	shown.Picture = template.URL(payloads.PictureURL(m.Image)) //nolint:gosec // a data URL of an image
	shown.Sound = template.URL(payloads.RecordingURL(m.Audio)) //nolint:gosec // a data URL of a recording
	return e.page.ExecuteTemplate(b, "message", shown)
}

//go:embed export.html
var exportHTMLFile string

// exportPage has the parts of the HTML form.
func exportPage() (*template.Template, error) { return template.New("export").Parse(exportHTMLFile) }
