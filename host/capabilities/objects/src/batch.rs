//! Runs many tasks at once, within the limiter and a budget of memory, and returns the results in the order of the
//! tasks. It does not know what a task does.

use super::concurrency::ConcurrencyLimiter;
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The most bytes of content in memory at once.
const MAX_BYTES_IN_MEMORY: u64 = 64 * 1024 * 1024;
/// How often the batch reports progress while no task ends.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(250);

/// A task of a batch.
pub(super) struct BatchTask<F> {
    /// The bytes of content that it holds while it runs.
    pub(super) bytes: u64,
    pub(super) work: F,
}

/// Runs the tasks. The iterator makes each task right before it starts. `progress` gets the number of finished tasks
/// and their bytes.
pub(super) async fn run_batch<T, F>(
    limiter: &ConcurrencyLimiter,
    tasks: impl Iterator<Item = BatchTask<F>>,
    progress: &mut dyn FnMut(u64, u64),
) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let mut tasks = tasks.enumerate().peekable();
    let mut results: Vec<Option<T>> = Vec::new();
    let mut running: JoinSet<(usize, u64, T)> = JoinSet::new();
    let (mut in_memory, mut finished, mut done) = (0, 0, 0);
    loop {
        while let Some((_, task)) = tasks.peek() {
            let fits = running.is_empty()
                || running.len() < limiter.limit() && in_memory + task.bytes <= MAX_BYTES_IN_MEMORY;
            let Some((index, BatchTask { bytes, work })) = fits.then(|| tasks.next()).flatten() else {
                break;
            };
            in_memory += bytes;
            running.spawn(async move { (index, bytes, work.await) });
        }
        if running.is_empty() {
            break;
        }
        // The timeout lets the batch report progress while one large task runs.
        let Ok(joined) = tokio::time::timeout(PROGRESS_INTERVAL, running.join_next()).await else {
            progress(finished, done);
            continue;
        };
        if let Some(Ok((index, bytes, result))) = joined {
            in_memory -= bytes;
            done += bytes;
            limiter.record(bytes, Instant::now());
            finished += 1;
            if results.len() <= index {
                results.resize_with(index + 1, || None);
            }
            results[index] = Some(result);
            progress(finished, done);
        } else if let Some(Err(error)) = joined {
            // A task panicked: the panic continues in the caller.
            if let Ok(panic) = error.try_into_panic() {
                std::panic::resume_unwind(panic);
            }
        }
    }
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn results_are_in_order_and_no_more_run_than_may() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        let (now, max) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let task = |number: u64| {
            let (now, max) = (Arc::clone(&now), Arc::clone(&max));
            let work = async move {
                max.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(number % 7)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                number
            };
            BatchTask { bytes: MAX_BYTES_IN_MEMORY / 4, work }
        };
        let mut last = (0, 0);
        let results = runtime.block_on(run_batch(
            &ConcurrencyLimiter::default(),
            (0..50).map(task),
            &mut |finished, done| last = (finished, done),
        ));
        assert_eq!(results, (0..50).collect::<Vec<_>>());
        assert_eq!(last, (50, 50 * (MAX_BYTES_IN_MEMORY / 4)));
        assert!((2..=4).contains(&max.load(Ordering::SeqCst)));
    }
}
