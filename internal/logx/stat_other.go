//go:build !unix

package logx

import "os"

func fileID(*os.File) (device, inode uint64, ok bool) { return 0, 0, false }
