#![expect(unsafe_code, reason = "the methods of a SQLite file are C functions")]

//! An open file: every method goes to the file of the wrapped VFS which lies behind ours in the
//! memory SQLite allocated, and those which change the disk leave a line on the tape.

use std::{
    ffi::{c_int, c_void},
    ptr, slice,
};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods};

use super::tape::FileTape;

/// What SQLite takes for a `sqlite3_file`. The wrapped VFS's own file follows it directly.
#[repr(C, align(8))]
pub(super) struct RecordedFile {
    base: sqlite3_file,
    tape: Option<Box<FileTape>>,
}

impl RecordedFile {
    /// Makes raw memory a closed file. SQLite calls no method of it as long as `pMethods` is null.
    ///
    /// # Safety
    /// `file` is what SQLite passes to `xOpen`: `szOsFile` bytes, aligned to 8.
    pub(super) unsafe fn prepare(file: *mut sqlite3_file) {
        let closed = Self { base: sqlite3_file { pMethods: ptr::null() }, tape: None };
        // SAFETY: the registered `szOsFile` has room for `RecordedFile` and the wrapped file.
        unsafe {
            ptr::write(file.cast::<Self>(), closed);
            (*Self::real(file)).pMethods = ptr::null();
        }
    }

    /// Gives SQLite the methods, as many as the opened wrapped file has.
    ///
    /// # Safety
    /// `file` is prepared, and the wrapped file is open.
    pub(super) unsafe fn opened(file: *mut sqlite3_file, tape: Option<Box<FileTape>>) {
        // SAFETY: an open file has methods, which live as long as the process.
        let version = unsafe { (*(*Self::real(file)).pMethods).iVersion };
        let methods = match version {
            ..=1 => &METHODS[0],
            2 => &METHODS[1],
            _ => &METHODS[2],
        };
        // SAFETY: `prepare` has written a `RecordedFile` here, and nobody else refers to it.
        let this = unsafe { &mut *file.cast::<Self>() };
        this.tape = tape;
        this.base.pMethods = methods;
    }

    /// The wrapped VFS's file.
    ///
    /// # Safety
    /// `file` is a `RecordedFile` in memory of the registered `szOsFile`.
    pub(super) unsafe fn real(file: *mut sqlite3_file) -> *mut sqlite3_file {
        // SAFETY: the wrapped file lies one `RecordedFile` further, in the same allocation;
        // the size of a `RecordedFile` is a multiple of 8, so it is as aligned as SQLite's own.
        unsafe { file.cast::<Self>().add(1).cast() }
    }

    /// # Safety
    /// `file` is an open `RecordedFile`.
    unsafe fn tape<'a>(file: *mut sqlite3_file) -> Option<&'a FileTape> {
        // SAFETY: the tape is set once by `opened` and freed by `close`; SQLite calls no method
        // during or after `xClose`.
        unsafe { (*file.cast::<Self>()).tape.as_deref() }
    }
}

/// All bytes of an open file of the wrapped VFS. They are read through the VFS because opening and
/// closing the file ourselves would drop this process's POSIX locks on it.
///
/// # Safety
/// `real` is an open file of the wrapped VFS.
pub(super) unsafe fn contents(real: *mut sqlite3_file) -> Result<Vec<u8>, c_int> {
    // SAFETY: an open file has methods.
    let methods = unsafe { &*(*real).pMethods };
    let (Some(file_size), Some(read)) = (methods.xFileSize, methods.xRead) else {
        return Err(ffi::SQLITE_CANTOPEN);
    };
    let mut size: sqlite3_int64 = 0;
    // SAFETY: `size` outlives the call.
    let code = unsafe { file_size(real, &raw mut size) };
    let amount = c_int::try_from(size).map_err(|_| ffi::SQLITE_TOOBIG)?;
    let mut bytes = vec![0; usize::try_from(amount).unwrap_or(0)];
    if code != ffi::SQLITE_OK || bytes.is_empty() {
        return if code == ffi::SQLITE_OK { Ok(bytes) } else { Err(code) };
    }
    // SAFETY: the buffer is `amount` bytes long.
    match unsafe { read(real, bytes.as_mut_ptr().cast(), amount, 0) } {
        ffi::SQLITE_OK => Ok(bytes),
        code => Err(code),
    }
}

/// The wrapped file's size; `None` when it cannot say.
///
/// # Safety
/// `real` is an open file of the wrapped VFS.
unsafe fn size_of_file(real: *mut sqlite3_file) -> Option<usize> {
    let mut size: sqlite3_int64 = 0;
    // SAFETY: an open file has methods; `size` outlives the call.
    let code = unsafe { (*(*real).pMethods).xFileSize?(real, &raw mut size) };
    (code == ffi::SQLITE_OK).then(|| usize::try_from(size).ok()).flatten()
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite closes an open file once; the wrapped file goes first, then our own part.
    unsafe {
        let real = RecordedFile::real(file);
        let code = match (*(*real).pMethods).xClose {
            Some(method) => method(real),
            None => ffi::SQLITE_OK,
        };
        ptr::drop_in_place(file.cast::<RecordedFile>());
        (*file).pMethods = ptr::null();
        code
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let (Ok(len), Ok(position)) = (usize::try_from(amount), usize::try_from(offset)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    // SAFETY: the file is open.
    let tape = unsafe { RecordedFile::tape(file) };
    if tape.is_some_and(|tape| !tape.has_room_for(len)) {
        return ffi::SQLITE_FULL;
    }
    // SAFETY: the arguments go on as SQLite gave them.
    let code = unsafe {
        let real = RecordedFile::real(file);
        match (*(*real).pMethods).xWrite {
            Some(method) => method(real, bytes, amount, offset),
            None => return ffi::SQLITE_IOERR_WRITE,
        }
    };
    if let (ffi::SQLITE_OK, Some(tape)) = (code, tape) {
        // SAFETY: SQLite passes `amount` readable bytes, which stay put during this call.
        tape.wrote(position, unsafe { slice::from_raw_parts(bytes.cast::<u8>(), len) });
    }
    code
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: the file is open; the arguments go on as SQLite gave them.
    unsafe {
        let real = RecordedFile::real(file);
        let code = match (*(*real).pMethods).xTruncate {
            Some(method) => method(real, size),
            None => return ffi::SQLITE_IOERR_TRUNCATE,
        };
        if let (ffi::SQLITE_OK, Some(tape)) = (code, RecordedFile::tape(file)) {
            // Asked again, because a chunk size rounds it up.
            let Some(size) = size_of_file(real) else { return ffi::SQLITE_IOERR_TRUNCATE };
            tape.resized(size);
        }
        code
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: the file is open; the arguments go on as SQLite gave them.
    unsafe {
        let tape = RecordedFile::tape(file);
        let begun = tape.map(FileTape::sync_begins);
        let real = RecordedFile::real(file);
        let code = match (*(*real).pMethods).xSync {
            Some(method) => method(real, flags),
            None => return ffi::SQLITE_IOERR_FSYNC,
        };
        if let (ffi::SQLITE_OK, Some(tape), Some(begun)) = (code, tape, begun) {
            tape.synced(flags, begun);
        }
        code
    }
}

unsafe extern "C" fn file_control(
    file: *mut sqlite3_file,
    op: c_int,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: the file is open; the arguments go on as SQLite gave them.
    unsafe {
        let real = RecordedFile::real(file);
        let Some(method) = (*(*real).pMethods).xFileControl else { return ffi::SQLITE_NOTFOUND };
        // A size hint is the one control which changes the disk (with a chunk size or mmap).
        let tape = RecordedFile::tape(file).filter(|_| op == ffi::SQLITE_FCNTL_SIZE_HINT);
        let before = tape.and_then(|_| size_of_file(real));
        let code = method(real, op, argument);
        if let (Some(tape), Some(before)) = (tape, before)
            && let Some(after) = size_of_file(real)
            && after != before
        {
            tape.resized(after);
        }
        code
    }
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    // The two claims which the power-cut model honours. Whatever else a device promises (atomic
    // sectors, ordered writes, safe appends) is held back, so SQLite cannot rely on it.
    const HONOURED: c_int = ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE | ffi::SQLITE_IOCAP_SUBPAGE_READ;
    // SAFETY: the file is open.
    unsafe {
        let real = RecordedFile::real(file);
        match (*(*real).pMethods).xDeviceCharacteristics {
            Some(method) => method(real) & HONOURED,
            None => 0,
        }
    }
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: the file is open.
    unsafe {
        let real = RecordedFile::real(file);
        if let Some(method) = (*(*real).pMethods).xShmBarrier {
            method(real);
        }
    }
}

/// Methods which go to the wrapped file as they are, and what to answer where it has none.
macro_rules! delegate {
    ($(fn $name:ident($($argument:ident: $type:ty),*) = $method:ident, or $missing:expr;)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file, $($argument: $type),*) -> c_int {
            // SAFETY: SQLite calls methods of open files only; the arguments go on as they came.
            unsafe {
                let real = RecordedFile::real(file);
                match (*(*real).pMethods).$method {
                    Some(method) => method(real, $($argument),*),
                    None => $missing,
                }
            }
        }
    )*};
}

delegate! {
    fn read(to: *mut c_void, amount: c_int, offset: sqlite3_int64)
        = xRead, or ffi::SQLITE_IOERR_READ;
    fn file_size(size: *mut sqlite3_int64) = xFileSize, or ffi::SQLITE_IOERR_FSTAT;
    fn lock(level: c_int) = xLock, or ffi::SQLITE_IOERR_LOCK;
    fn unlock(level: c_int) = xUnlock, or ffi::SQLITE_IOERR_UNLOCK;
    fn check_reserved_lock(held: *mut c_int)
        = xCheckReservedLock, or ffi::SQLITE_IOERR_CHECKRESERVEDLOCK;
    fn sector_size() = xSectorSize, or 4096;
    fn shm_map(page: c_int, size: c_int, extend: c_int, to: *mut *mut c_void)
        = xShmMap, or ffi::SQLITE_IOERR_SHMMAP;
    fn shm_lock(offset: c_int, count: c_int, flags: c_int)
        = xShmLock, or ffi::SQLITE_IOERR_SHMLOCK;
    fn shm_unmap(delete: c_int) = xShmUnmap, or ffi::SQLITE_OK;
    fn fetch(offset: sqlite3_int64, amount: c_int, to: *mut *mut c_void)
        = xFetch, or ffi::SQLITE_IOERR_MMAP;
    fn unfetch(offset: sqlite3_int64, page: *mut c_void) = xUnfetch, or ffi::SQLITE_IOERR_MMAP;
}

const fn methods(version: c_int) -> sqlite3_io_methods {
    sqlite3_io_methods {
        iVersion: version,
        xClose: Some(close),
        xRead: Some(read),
        xWrite: Some(write),
        xTruncate: Some(truncate),
        xSync: Some(sync),
        xFileSize: Some(file_size),
        xLock: Some(lock),
        xUnlock: Some(unlock),
        xCheckReservedLock: Some(check_reserved_lock),
        xFileControl: Some(file_control),
        xSectorSize: Some(sector_size),
        xDeviceCharacteristics: Some(device_characteristics),
        xShmMap: Some(shm_map),
        xShmLock: Some(shm_lock),
        xShmBarrier: Some(shm_barrier),
        xShmUnmap: Some(shm_unmap),
        xFetch: Some(fetch),
        xUnfetch: Some(unfetch),
    }
}

static METHODS: [sqlite3_io_methods; 3] = [methods(1), methods(2), methods(3)];
