package cert

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// Plan says which certificates a directory must have.
type Plan struct {
	Cluster   string
	Processes []snapshot.ProcessID
	Now       time.Time
	Validity  time.Duration // of certificates of processes and clients
	CAlasts   time.Duration // validity of a new CA
	Renew     bool          // make certificates anew for the keys that exist
}

// Names of the files in a directory of certificates.
const (
	CAName     = "ca"
	processDir = "process"
	clientDir  = "client"
)

// ProcessFile and ClientFile return the path of a certificate or key without its extension,
// .crt or .key, relative to the directory.
func ProcessFile(id snapshot.ProcessID) string { return processDir + "/" + string(id) }

// ClientFile is ProcessFile for the client of a role.
func ClientFile(role wire.ClientRole) string { return clientDir + "/" + string(role) }

// Create makes what is missing of the plan in dir, and returns the paths of the new files.
// It never overwrites a key, and a certificate only with Plan.Renew. The CA is made only if
// dir has none. After an error, the files that were made stay.
func Create(dir string, p Plan) (made []string, err error) {
	d := &directory{path: dir, plan: p}
	if err := d.prepare(); err != nil {
		return nil, err
	}
	for _, id := range p.Processes {
		d.pair(ProcessFile(id), Identity{Cluster: p.Cluster, Process: id})
	}
	for _, role := range wire.ClientRoles {
		d.pair(ClientFile(role), Identity{Cluster: p.Cluster, Role: role, Name: string(role)})
	}
	return d.made, d.err
}

// directory is a directory of certificates, and the first error about it.
type directory struct {
	path string
	plan Plan
	ca   Pair
	made []string
	err  error
}

// prepare makes the directories and the CA.
func (d *directory) prepare() error {
	for _, dir := range []string{d.path, filepath.Join(d.path, processDir), filepath.Join(d.path, clientDir)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	info, err := os.Stat(d.path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is open to other users: chmod 700 %[1]s, or name another directory", d.path)
	}
	cert, errCert := os.ReadFile(d.file(CAName + ".crt"))
	key, errKey := os.ReadFile(d.file(CAName + ".key"))
	switch noCert, noKey := errors.Is(errCert, fs.ErrNotExist), errors.Is(errKey, fs.ErrNotExist); {
	case noCert && noKey:
		if d.ca, err = NewCA(d.plan.Cluster, d.plan.Now, d.plan.CAlasts); err != nil {
			return err
		}
		d.write(CAName+".key", d.ca.Key, 0o600)
		d.write(CAName+".crt", d.ca.Cert, 0o644)
	case noKey:
		return fmt.Errorf("%s is not there: it must sign what is missing. Bring it back, or name a new directory for a new CA", d.file(CAName+".key"))
	case noCert:
		return fmt.Errorf("%s has no certificate: name a new directory for a new CA", d.file(CAName+".key"))
	default:
		d.ca = Pair{cert, key}
	}
	return errors.Join(d.err, notThere(errCert), notThere(errKey))
}

// notThere returns an error other than that a file does not exist.
func notThere(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (d *directory) file(name string) string { return filepath.Join(d.path, name) }

// pair makes the certificate and the key with a name, as far as they are missing.
func (d *directory) pair(name string, i Identity) {
	if d.err != nil {
		return
	}
	old, errOld := os.ReadFile(d.file(name + ".crt"))
	key, errKey := os.ReadFile(d.file(name + ".key"))
	if d.err = errors.Join(notThere(errOld), notThere(errKey)); d.err != nil {
		return
	}
	switch {
	case errKey != nil && errOld == nil && !d.plan.Renew:
		d.err = fmt.Errorf("%s has no key: remove it, or use --renew for a new pair", d.file(name+".crt"))
		return
	case errKey != nil:
		if key, d.err = NewKey(); d.err != nil {
			return
		}
		d.write(name+".key", key, 0o600)
	case errOld == nil && !d.plan.Renew:
		if !sameKey(old, key) {
			d.err = fmt.Errorf("%s and its key are no pair", d.file(name+".crt"))
		}
		return
	}
	text, err := d.ca.Issue(i, key, d.plan.Now, d.plan.Validity)
	if d.err = errors.Join(d.err, err); d.err != nil {
		return
	}
	if errOld == nil {
		d.replace(name+".crt", text)
		return
	}
	d.write(name+".crt", text, 0o644)
}

// write makes a file, which must not exist.
func (d *directory) write(name string, text []byte, mode fs.FileMode) {
	if d.err != nil {
		return
	}
	f, err := os.OpenFile(d.file(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err == nil {
		_, err = f.Write(text)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if d.err = err; err == nil {
		d.made = append(d.made, d.file(name))
	}
}

// replace replaces a certificate as a whole, so that a node never reads half of one.
func (d *directory) replace(name string, text []byte) {
	fresh := name + ".new"
	os.Remove(d.file(fresh)) // left over by a run that was killed
	made := len(d.made)
	d.write(fresh, text, 0o644)
	if d.err == nil {
		d.err = os.Rename(d.file(fresh), d.file(name))
		d.made = append(d.made[:made], d.file(name))
	}
}
