//! One writer for a run: two processes that train in one folder would overwrite each other.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::RunError;
use crate::run_folder::{RunFolder, date, unix_time};
use crate::run_record::Status;

/// The process that trains a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    /// Its number; 0 where that is not known.
    pub pid: u32,
    /// The machine that it runs on.
    pub host: String,
    /// Since when, in seconds since 1970 (UTC).
    pub since: u64,
}

impl Writer {
    fn this() -> Self {
        Self { pid: std::process::id(), host: host_name(), since: unix_time() }
    }

    fn is_here(&self) -> bool {
        self.host == host_name()
    }

    /// ` (kill -INT 4711)`, where the process is known and on this machine.
    pub(crate) fn how_to_stop(&self) -> String {
        match self.pid {
            0 => String::new(),
            _ if !self.is_here() => String::new(),
            pid => format!(" (kill -INT {pid})"),
        }
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return write!(f, "a process that wrote into the run less than {STALE} seconds ago");
        }
        let (day, minutes) = (date(self.since), self.since / 60);
        let (hour, minute) = (minutes / 60 % 24, minutes % 60);
        write!(f, "process {} on {}, since {day} {hour:02}:{minute:02} UTC", self.pid, self.host)
    }
}

/// A claim that only its time can tell about (of another machine, of an earlier version) is stale
/// after so many seconds without a heartbeat.
const STALE: u64 = 30;

/// How long a lock that `glassbox runs ls` looks at, for an instant, is waited for.
const PATIENCE: (u32, Duration) = (10, Duration::from_millis(20));

/// The right to write into a run's folder, for as long as it lives.
///
/// The system takes the lock back when the process ends, however it ends, so that a killed run is
/// free at once. On file systems without locks the process number decides, on other machines the
/// heartbeat in `run.json`.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

impl Drop for RunLock {
    /// The claim goes with the lock; that of a process that is killed stays and is stale.
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

impl RunLock {
    /// Claims the run in `folder` for this process.
    ///
    /// # Errors
    /// When another process trains it, or the folder cannot be written to.
    pub fn acquire(folder: &RunFolder) -> Result<Self, RunError> {
        let path = folder.lock();
        let failed = |source| RunError::folder(&path, source);
        let busy = |writer| Err(RunError::Busy { run: folder.name(), writer });
        let (earlier, is_new) = (claim(&path), !path.exists());
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(failed)?;
        let held = match try_lock(&file) {
            Held::ByOther => return busy(earlier.unwrap_or_default()),
            // A version without locks may be training.
            _ if is_new => Held::Unknown,
            held => held,
        };
        if let Some(writer) = alive_without_lock(folder, earlier, held) {
            if is_new {
                let _ = fs::remove_file(&path);
            }
            return busy(writer);
        }
        let text = serde_json::to_vec(&Writer::this()).map_err(|error| failed(error.into()))?;
        file.set_len(0).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        file.write_all(&text).map_err(failed)?;
        Ok(Self { file })
    }

    /// The process that trains the run in `folder` now, if any.
    pub fn writer(folder: &RunFolder) -> Option<Writer> {
        let path = folder.lock();
        let held = match File::open(&path).map(|file| file.try_lock_shared()) {
            Ok(Err(TryLockError::WouldBlock)) => return Some(claim(&path).unwrap_or_default()),
            Ok(Ok(())) => Held::ByUs,
            Ok(Err(TryLockError::Error(_))) | Err(_) => Held::Unknown,
        };
        alive_without_lock(folder, claim(&path), held)
    }
}

/// Who holds a lock.
#[derive(Clone, Copy, PartialEq)]
enum Held {
    ByUs,
    ByOther,
    /// The file system has no locks, or there is no file yet.
    Unknown,
}

fn try_lock(file: &File) -> Held {
    let (tries, pause) = PATIENCE;
    for _ in 0..tries {
        match file.try_lock() {
            Ok(()) => return Held::ByUs,
            Err(TryLockError::WouldBlock) => sleep(pause),
            Err(TryLockError::Error(_)) => return Held::Unknown,
        }
    }
    Held::ByOther
}

/// A writer that a lock does not tell of.
fn alive_without_lock(folder: &RunFolder, claim: Option<Writer>, held: Held) -> Option<Writer> {
    let record = folder.record().ok().filter(|record| record.status == Status::Running)?;
    let recent = unix_time().saturating_sub(record.heartbeat) < STALE;
    match claim {
        Some(claim) if claim.is_here() => {
            let alive = held == Held::Unknown
                && claim.pid != std::process::id()
                && process_exists(claim.pid);
            alive.then_some(claim)
        }
        Some(claim) => recent.then_some(claim),
        // Made by a version without locks.
        None => (held == Held::Unknown && recent).then(Writer::default),
    }
}

fn claim(path: &Path) -> Option<Writer> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Whether there is such a process on this machine; where that cannot be told, there is.
fn process_exists(pid: u32) -> bool {
    let processes = Path::new("/proc");
    !processes.join("self").exists() || processes.join(pid.to_string()).exists()
}

fn host_name() -> String {
    let file = |path: &str| fs::read_to_string(path).ok();
    let name = file("/proc/sys/kernel/hostname").or_else(|| file("/etc/hostname"));
    let name =
        name.or_else(|| ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|v| std::env::var(v).ok()));
    name.map_or_else(|| "this machine".into(), |name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_record::RunRecord;

    fn running(heartbeat_age: u64) -> (tempfile::TempDir, RunFolder) {
        let runs = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(runs.path(), "locked").unwrap();
        let mut record = RunRecord { name: folder.name(), ..RunRecord::default() };
        folder.write_record(&mut record).unwrap();
        record.heartbeat -= heartbeat_age;
        let text = serde_json::to_string(&record).unwrap();
        fs::write(folder.path().join("run.json"), text).unwrap();
        (runs, folder)
    }

    #[test]
    fn a_run_has_one_writer() {
        let (_runs, folder) = running(100);
        let lock = RunLock::acquire(&folder).unwrap();
        let message = RunLock::acquire(&folder).unwrap_err().to_string();
        let pid = std::process::id();
        assert!(message.contains("GB0519") && message.contains(&format!("process {pid} on ")));
        assert_eq!(RunLock::writer(&folder).unwrap().pid, pid);
        drop(lock);
        assert_eq!(RunLock::writer(&folder), None, "its heartbeat does not matter any more");
        RunLock::acquire(&folder).unwrap();
    }

    #[test]
    fn a_look_at_the_lock_does_not_refuse_a_writer() {
        let (_runs, folder) = running(100);
        drop(RunLock::acquire(&folder).unwrap());
        let file = File::open(folder.lock()).unwrap();
        file.try_lock_shared().unwrap();
        let looking = std::thread::spawn(move || {
            sleep(Duration::from_millis(30));
            drop(file);
        });
        RunLock::acquire(&folder).unwrap();
        looking.join().unwrap();
    }

    #[test]
    fn claims_without_a_lock_become_stale() {
        // Of an earlier version, which has no lock: its heartbeat decides.
        let (_runs, folder) = running(5);
        assert_eq!(RunLock::writer(&folder), Some(Writer::default()));
        assert!(RunLock::acquire(&folder).unwrap_err().to_string().contains("30 seconds"));
        let (_runs, folder) = running(31);
        assert_eq!(RunLock::writer(&folder), None);
        // Of another machine, whose locks this one may not see.
        for (age, alive) in [(5, true), (31, false)] {
            let (_runs, folder) = running(age);
            let other = Writer { pid: 7, host: "elsewhere".into(), since: 1_795_392_000 };
            fs::write(folder.lock(), serde_json::to_vec(&other).unwrap()).unwrap();
            assert_eq!(RunLock::writer(&folder).is_some(), alive);
            let outcome = RunLock::acquire(&folder).map_err(|error| error.to_string());
            assert_eq!(outcome.is_err(), alive);
            if let Err(message) = outcome {
                let who = "process 7 on elsewhere, since 2026-11-23 00:00 UTC";
                assert!(message.contains(who) && !message.contains("kill"), "{message}");
            }
        }
        // Of a process of this machine that is gone.
        let (_runs, folder) = running(5);
        let dead = Writer { pid: u32::MAX - 1, ..Writer::this() };
        fs::write(folder.lock(), serde_json::to_vec(&dead).unwrap()).unwrap();
        assert_eq!(alive_without_lock(&folder, Some(dead), Held::Unknown), None);
        RunLock::acquire(&folder).unwrap();
    }
}
