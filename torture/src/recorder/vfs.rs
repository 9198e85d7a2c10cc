#![expect(unsafe_code, reason = "a SQLite VFS is a table of C functions")]

//! The VFS itself: registration, names, and everything that is not about an open file.

use std::{
    ffi::{CStr, CString, OsStr, c_char, c_int, c_void},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    ptr::{self, NonNull},
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_vfs};

use super::{
    RecorderError,
    file::{self, RecordedFile},
    tape::{FileTape, Tape},
};

/// Files which must outlive a crash; SQLite never reads the others again.
const KEPT: c_int = ffi::SQLITE_OPEN_MAIN_DB | DIRECTORY_SYNCED;
/// Files with whose first sync the unix VFS syncs the directory, if it opened them for creation.
const DIRECTORY_SYNCED: c_int =
    ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL | ffi::SQLITE_OPEN_WAL;

/// A name is free or taken, then registered, as one step.
static REGISTERING: Mutex<()> = Mutex::new(());

/// What the C functions find behind `pAppData`.
struct Wrapped {
    real: *mut sqlite3_vfs,
    root: PathBuf,
    tape: Weak<Tape>,
}

/// A registered VFS; dropping it takes the name away. The VFS itself (a few hundred bytes) is
/// leaked on purpose: connections opened with it may outlive the recorder.
#[derive(Debug)]
pub(super) struct Registration {
    name: String,
    vfs: NonNull<sqlite3_vfs>,
}

// SAFETY: the pointer is only ever given to `sqlite3_vfs_unregister`, which takes SQLite's own
// mutex.
unsafe impl Send for Registration {}
// SAFETY: as above; nothing is read or written through a shared reference.
unsafe impl Sync for Registration {}

impl Registration {
    pub(super) fn new(name: &str, root: PathBuf, tape: &Arc<Tape>) -> Result<Self, RecorderError> {
        let c_name = CString::new(name).map_err(|_| RecorderError::BadName(name.to_owned()))?;
        let _registering = REGISTERING.lock();
        // SAFETY: the name is a C string; finding initialises SQLite where needed.
        if !unsafe { ffi::sqlite3_vfs_find(c_name.as_ptr()) }.is_null() {
            return Err(RecorderError::NameTaken(name.to_owned()));
        }
        // SAFETY: null asks for the default VFS.
        let real = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
        if real.is_null() {
            return Err(RecorderError::NoDefaultVfs);
        }
        let wrapped = Box::leak(Box::new(Wrapped { real, root, tape: Arc::downgrade(tape) }));
        // SAFETY: SQLite's default VFS is static.
        let table = unsafe { table(&*real, CString::into_raw(c_name), wrapped) };
        let vfs = NonNull::from(Box::leak(Box::new(table)));
        // SAFETY: the table and all it points to are leaked, hence valid for ever.
        match unsafe { ffi::sqlite3_vfs_register(vfs.as_ptr(), 0) } {
            ffi::SQLITE_OK => Ok(Self { name: name.to_owned(), vfs }),
            code => Err(RecorderError::Refused(code)),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // SAFETY: the VFS was registered by `new`, once. The code says nothing one could act on.
        unsafe { ffi::sqlite3_vfs_unregister(self.vfs.as_ptr()) };
    }
}

fn table(real: &sqlite3_vfs, name: *const c_char, wrapped: *mut Wrapped) -> sqlite3_vfs {
    let own = c_int::try_from(size_of::<RecordedFile>()).unwrap_or(c_int::MAX);
    sqlite3_vfs {
        iVersion: real.iVersion.min(3),
        szOsFile: own.saturating_add(real.szOsFile),
        mxPathname: real.mxPathname,
        pNext: ptr::null_mut(),
        zName: name,
        pAppData: wrapped.cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        // An absent function means something to SQLite, so absent ones stay absent.
        xDlOpen: real.xDlOpen.and(Some(dl_open)),
        xDlError: real.xDlError.and(Some(dl_error)),
        xDlSym: real.xDlSym.and(Some(dl_sym)),
        xDlClose: real.xDlClose.and(Some(dl_close)),
        xRandomness: real.xRandomness.and(Some(randomness)),
        xSleep: real.xSleep.and(Some(sleep)),
        xCurrentTime: real.xCurrentTime.and(Some(current_time)),
        xGetLastError: real.xGetLastError.and(Some(get_last_error)),
        xCurrentTimeInt64: real.xCurrentTimeInt64.and(Some(current_time_int64)),
        // System calls are the wrapped VFS's own business; SQLite's tests alone use them.
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

/// # Safety
/// `vfs` is a VFS made by [`Registration::new`].
unsafe fn wrapped<'a>(vfs: *mut sqlite3_vfs) -> &'a Wrapped {
    // SAFETY: `pAppData` is a leaked `Wrapped`, and nothing writes to it.
    unsafe { &*(*vfs).pAppData.cast::<Wrapped>() }
}

impl Wrapped {
    /// The name relative to the root; `None` for a nameless file and one outside.
    ///
    /// # Safety
    /// `name` is null or a C string.
    unsafe fn relative(&self, name: *const c_char) -> Option<PathBuf> {
        let name = (!name.is_null()).then_some(name)?;
        // SAFETY: it is a C string, and SQLite keeps it for as long as the call lasts.
        let name = unsafe { CStr::from_ptr(name) };
        let path = Path::new(OsStr::from_bytes(name.to_bytes()));
        path.strip_prefix(&self.root).ok().map(Path::to_path_buf)
    }
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes our VFS, a name or null, and `szOsFile` bytes of memory.
    unsafe {
        let wrapped = wrapped(vfs);
        RecordedFile::prepare(file);
        let real = RecordedFile::real(file);
        let open_real = || {
            let Some(open) = (*wrapped.real).xOpen else { return ffi::SQLITE_CANTOPEN };
            match open(wrapped.real, name, real, flags, out_flags) {
                ffi::SQLITE_OK => ffi::SQLITE_OK,
                code => {
                    close_real(real);
                    code
                }
            }
        };
        let recorded = wrapped
            .tape
            .upgrade()
            .filter(|_| flags & KEPT != 0)
            .and_then(|tape| wrapped.relative(name).map(|path| (tape, path)));
        let Some((tape, path)) = recorded else {
            let code = open_real();
            if code == ffi::SQLITE_OK {
                RecordedFile::opened(file, None);
            }
            return code;
        };

        let mut reel = tape.lock();
        let existed = wrapped.root.join(&path).exists();
        let code = open_real();
        if code != ffi::SQLITE_OK {
            return code;
        }
        let id = match reel.known(&path) {
            Some(id) => id,
            None if !existed => reel.created(path.clone()),
            None => match file::contents(real) {
                Ok(bytes) => reel.adopted(path.clone(), bytes),
                Err(code) => {
                    close_real(real);
                    return code;
                }
            },
        };
        drop(reel);
        let directory_sync_due =
            flags & ffi::SQLITE_OPEN_CREATE != 0 && flags & DIRECTORY_SYNCED != 0;
        let handle = FileTape::new(tape, id, &path, directory_sync_due);
        RecordedFile::opened(file, Some(Box::new(handle)));
        ffi::SQLITE_OK
    }
}

/// Closes a wrapped file if its opening got far enough to need it.
///
/// # Safety
/// `real` is a wrapped file which `xOpen` was called for.
unsafe fn close_real(real: *mut sqlite3_file) {
    // SAFETY: methods are null (set by `prepare`) or those of a file to be closed.
    unsafe {
        if let Some(close) = (*real).pMethods.as_ref().and_then(|methods| methods.xClose) {
            close(real);
        }
    }
}

unsafe extern "C" fn delete(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    sync_directory: c_int,
) -> c_int {
    // SAFETY: SQLite passes our VFS and a C string.
    unsafe {
        let wrapped = wrapped(vfs);
        let Some(method) = (*wrapped.real).xDelete else { return ffi::SQLITE_IOERR_DELETE };
        let tape = wrapped.tape.upgrade();
        let mut reel = tape.as_ref().map(|tape| tape.lock());
        let code = method(wrapped.real, name, sync_directory);
        if let (ffi::SQLITE_OK, Some(reel), Some(path)) = (code, &mut reel, wrapped.relative(name))
        {
            reel.deleted(path, sync_directory != 0);
        }
        code
    }
}

/// Functions which go to the wrapped VFS as they are, and what to answer where it has none.
macro_rules! delegate {
    ($(
        fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty = $method:ident,
            or $missing:expr;
    )*) => {$(
        unsafe extern "C" fn $name(vfs: *mut sqlite3_vfs, $($argument: $type),*) -> $result {
            // SAFETY: SQLite passes our VFS; the arguments go on as they came.
            unsafe {
                let real = wrapped(vfs).real;
                match (*real).$method {
                    Some(method) => method(real, $($argument),*),
                    None => $missing,
                }
            }
        }
    )*};
}

type Symbol = unsafe extern "C" fn(*mut sqlite3_vfs, *mut c_void, *const c_char);

delegate! {
    fn access(name: *const c_char, flags: c_int, found: *mut c_int) -> c_int = xAccess,
        or ffi::SQLITE_IOERR_ACCESS;
    fn full_pathname(name: *const c_char, len: c_int, to: *mut c_char) -> c_int = xFullPathname,
        or ffi::SQLITE_CANTOPEN;
    fn dl_open(name: *const c_char) -> *mut c_void = xDlOpen,
        or ptr::null_mut();
    fn dl_error(len: c_int, message: *mut c_char) -> () = xDlError,
        or ();
    fn dl_sym(library: *mut c_void, symbol: *const c_char) -> Option<Symbol> = xDlSym,
        or None;
    fn dl_close(library: *mut c_void) -> () = xDlClose,
        or ();
    fn randomness(len: c_int, to: *mut c_char) -> c_int = xRandomness,
        or 0;
    fn sleep(micros: c_int) -> c_int = xSleep,
        or 0;
    fn current_time(julian_day: *mut f64) -> c_int = xCurrentTime,
        or ffi::SQLITE_ERROR;
    fn get_last_error(len: c_int, message: *mut c_char) -> c_int = xGetLastError,
        or 0;
    fn current_time_int64(julian_millis: *mut sqlite3_int64) -> c_int = xCurrentTimeInt64,
        or ffi::SQLITE_ERROR;
}
