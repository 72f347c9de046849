//! Plays a database administrator who edits, removes, inserts and reorders rows, and checks that the verifier names the
//! first event touched. The last test states the limit: what a chain without a checkpoint kept elsewhere cannot show.

use intrex_audit::{
    Actor, ChainVerifier, Entry, EntryError, Fault, Head, Outcome, Record, StoredColumns, limits,
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::story::{ACME, ALICE, StoredChain, draft, event_id, header};

/// Verifies and returns the number of the first broken event and its fault.
fn fault_of(chain: &StoredChain) -> (u64, Fault) {
    let broken = chain.verify().expect_err("the change must be found");
    assert_eq!(broken.chain_key, chain.key);
    (broken.seq, broken.fault)
}

#[test]
fn an_untouched_chain_is_intact() {
    for count in [0, 1, 5] {
        let chain = StoredChain::of(count);
        let intact = chain.verify().expect("intact");
        assert_eq!((intact.count, intact.head), (u64::from(count), chain.head));
    }
}

#[test]
fn every_changed_bit_of_every_stored_byte_is_found_at_its_event() {
    let chain = StoredChain::of(4);
    let mut changes = 0;
    for index in 0..chain.rows.len() {
        let seq = chain.rows[index].seq;
        let parts: [fn(&mut StoredChain, usize) -> Option<&mut u8>; 3] = [
            |chain, at| chain.rows[at >> 16].entry.get_mut(at & 0xffff),
            |chain, at| chain.rows[at >> 16].prev_hash.get_mut(at & 0xffff),
            |chain, at| chain.rows[at >> 16].hash.get_mut(at & 0xffff),
        ];
        for part in parts {
            let mut edited = chain.clone();
            let mut position = 0;
            while let Some(original) = part(&mut edited, index << 16 | position).copied() {
                for bit in 0..8 {
                    *part(&mut edited, index << 16 | position).expect("just read") =
                        original ^ (1 << bit);
                    assert_eq!(
                        fault_of(&edited).0,
                        seq,
                        "bit {bit} of byte {position} of event {seq}"
                    );
                    changes += 1;
                }
                *part(&mut edited, index << 16 | position).expect("just read") = original;
                position += 1;
            }
        }
    }
    assert!(
        changes > 4 * 8 * (64 + 400),
        "only {changes} changes were tried"
    );
}

#[test]
fn every_changed_bit_of_the_number_and_of_the_head_is_found() {
    let chain = StoredChain::of(3);
    for bit in 0..64 {
        for index in 0..3 {
            let mut edited = chain.clone();
            edited.rows[index].seq ^= 1 << bit;
            assert!(
                edited.verify().is_err(),
                "bit {bit} of the number of event {}",
                index + 1
            );
        }
        let mut edited = chain.clone();
        edited.head.seq ^= 1 << bit;
        assert!(edited.verify().is_err(), "bit {bit} of the head's number");
    }
    for bit in 0..256 {
        let mut edited = chain.clone();
        edited.head.hash[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(fault_of(&edited), (3, Fault::HeadHashDiffers));
    }
}

#[test]
fn every_column_beside_the_entry_is_compared_with_it() {
    let other = event_id(9_999);
    type Edit<'a> = &'a dyn Fn(&mut StoredColumns);
    let edits: [(&str, Edit<'_>); 17] = [
        ("event_id", &|c| c.event_id = other),
        ("tenant_id", &|c| c.tenant_id = Uuid::nil()),
        ("epoch", &|c| c.epoch += 1),
        ("partition_key", &|c| c.partition_key += 1),
        ("recorded_at", &|c| c.recorded_at += 1),
        ("branch_id", &|c| c.branch_id = Some(other)),
        ("branch_id", &|c| c.branch_id = None),
        ("actor_id", &|c| c.actor_id = Some(other)),
        ("actor_id", &|c| c.actor_id = None),
        ("category", &|c| c.category.push('s')),
        ("action", &|c| c.action = "obligation.waived".to_owned()),
        ("outcome", &|c| c.outcome = "failure".to_owned()),
        ("outcome", &|c| c.outcome = "Success".to_owned()),
        ("entity_type", &|c| {
            c.entity_type = Some("branch".to_owned())
        }),
        ("entity_type", &|c| c.entity_type = None),
        ("entity_id", &|c| c.entity_id = Some(other.to_string())),
        ("entity_id", &|c| c.entity_id = None),
    ];
    for index in 0..3 {
        for (column, edit) in edits {
            let mut chain = StoredChain::of(3);
            edit(chain.rows[index].columns.as_mut().expect("columns"));
            let broken = chain.verify().expect_err(column);
            assert_eq!(
                (broken.seq, &broken.fault),
                (index as u64 + 1, &Fault::ColumnDiffers { column })
            );
            assert_eq!(
                broken.event_id,
                Some(event_id(index as u16 + 1)),
                "the entry's id, whatever the column says"
            );
        }
    }
}

#[test]
fn removed_inserted_and_swapped_events_are_found() {
    let chain = StoredChain::of(5);
    for index in 0..5 {
        let seq = index as u64 + 1;

        let mut removed = chain.clone();
        removed.rows.remove(index);
        let expected = if seq == 5 {
            Fault::TailMissing { head: 5 }
        } else {
            Fault::Missing { next: seq + 1 }
        };
        assert_eq!(fault_of(&removed), (seq, expected));

        // The gap closed by renumbering what follows.
        removed.rows[index..]
            .iter_mut()
            .for_each(|row| row.seq -= 1);
        assert_eq!(fault_of(&removed).0, seq);

        let mut doubled = chain.clone();
        doubled.rows.insert(index, chain.rows[index].clone());
        assert_eq!(
            fault_of(&doubled),
            (seq, Fault::OutOfOrder { expected: seq + 1 })
        );

        let mut inserted = chain.clone();
        inserted.rows.insert(index, chain.rows[index].clone());
        inserted.rows[index + 1..]
            .iter_mut()
            .for_each(|row| row.seq += 1);
        assert_eq!(fault_of(&inserted), (seq + 1, Fault::PreviousHashDiffers));
    }
    for (a, b) in [(0, 1), (1, 3), (3, 4), (0, 4)] {
        let mut rows = chain.clone();
        rows.rows.swap(a, b);
        assert_eq!(
            fault_of(&rows).0,
            a as u64 + 1,
            "rows read in another order"
        );

        let mut renumbered = rows;
        (renumbered.rows[a].seq, renumbered.rows[b].seq) = (a as u64 + 1, b as u64 + 1);
        assert_eq!(fault_of(&renumbered).0, a as u64 + 1, "numbers exchanged");
    }
}

#[test]
fn one_event_rewritten_with_a_fitting_hash_breaks_the_next_one_or_the_head() {
    let chain = StoredChain::of(3);
    for index in 0..3 {
        let mut edited = chain.clone();
        edited.rows[index].entry = draft(77).seal().expect("valid").bytes;
        edited.rows[index].columns = None;
        edited.rows[index].hash = edited.rechained().rows[index].hash.clone();
        let expected = if index == 2 {
            (3, Fault::HeadHashDiffers)
        } else {
            (index as u64 + 2, Fault::PreviousHashDiffers)
        };
        assert_eq!(fault_of(&edited), expected);
    }
}

#[test]
fn a_tail_rewritten_to_the_end_is_found_by_a_head_kept_elsewhere() {
    let chain = StoredChain::of(5);
    let mut edited = chain.clone();
    edited.rows[2].entry = draft(77).seal().expect("valid").bytes;
    edited.rows[2].columns = None;
    let rewritten = edited.rechained();
    let broken = rewritten
        .verify_against(Some(chain.head))
        .expect_err("another head");
    assert_eq!((broken.seq, broken.fault), (5, Fault::HeadHashDiffers));
}

#[test]
fn a_head_set_back_or_ahead_is_found() {
    let chain = StoredChain::of(3);
    let (first, last) = (chain.rows[0].hash.clone(), chain.head);
    let behind = Head {
        seq: 1,
        hash: first.try_into().expect("32 bytes"),
    };
    let broken = chain.verify_against(Some(behind)).expect_err("behind");
    assert_eq!(
        (broken.seq, broken.fault),
        (2, Fault::HeadBehind { head: 1 })
    );
    let broken = chain
        .verify_against(Some(Head { seq: 9, ..last }))
        .expect_err("ahead");
    assert_eq!(
        (broken.seq, broken.fault),
        (4, Fault::TailMissing { head: 9 })
    );
    let broken = StoredChain::empty(ACME)
        .verify_against(Some(Head {
            seq: 0,
            hash: [1; 32],
        }))
        .expect_err("genesis");
    assert_eq!(
        (broken.seq, broken.event_id, broken.fault),
        (0, None, Fault::HeadHashDiffers)
    );
}

#[test]
fn events_that_were_chained_correctly_but_must_not_stand_here_are_found() {
    let chained = |bytes: Vec<u8>| {
        let mut chain = StoredChain::of(2);
        chain.append_bytes(bytes, None);
        fault_of(&chain)
    };
    let with = |edit: &dyn Fn(&mut intrex_audit::Header)| {
        let mut changed = header(3);
        edit(&mut changed);
        intrex_audit::EntryDraft::new(changed)
            .seal()
            .expect("valid")
            .bytes
    };
    assert_eq!(
        chained(with(&|h| h.tenant = ALICE)),
        (3, Fault::OtherChain { tenant: ALICE })
    );
    assert_eq!(
        chained(with(&|h| h.epoch = 0)),
        (
            3,
            Fault::EpochBackwards {
                before: 1,
                found: 0
            }
        )
    );
    assert_eq!(chained(with(&|h| h.id = event_id(1))), (3, Fault::Repeated));
    assert_eq!(chained(b"{} ".to_vec()).0, 3);
    let mut spaced = with(&|_| ());
    spaced.push(b' ');
    assert_eq!(chained(spaced), (3, Fault::Entry(EntryError::NotCanonical)));
}

#[test]
fn a_repeated_event_is_noticed_within_the_window() {
    let mut chain = StoredChain::empty(ACME);
    let window = u16::try_from(limits::REPEAT_WINDOW_EVENTS).expect("small");
    (1..=window).for_each(|n| chain.append(draft(n)));
    let mut repeated = chain.clone();
    repeated.append(draft(1));
    assert_eq!(
        fault_of(&repeated),
        (u64::from(window) + 1, Fault::Repeated)
    );
    chain.append(draft(window + 1));
    chain.append(draft(1));
    assert!(
        chain.verify().is_ok(),
        "beyond the window the storage's unique key has to stand guard"
    );
}

#[test]
fn a_restore_raises_the_epoch_and_the_chain_goes_on() {
    let mut chain = StoredChain::of(2);
    let mut restored = header(3);
    (restored.epoch, restored.actor, restored.outcome) =
        (4, Actor::operator(None), Outcome::Success);
    chain.append(intrex_audit::EntryDraft::new(restored));
    assert_eq!(chain.verify().expect("intact").count, 3);
}

#[test]
fn a_broken_verifier_stays_broken_and_keeps_naming_the_first_fault() {
    let chain = StoredChain::of(3);
    let mut verifier = ChainVerifier::new(ACME);
    let first = verifier
        .push(chain.rows[1].record())
        .expect_err("number 1 is missing");
    assert_eq!((first.seq, &first.fault), (1, &Fault::Missing { next: 2 }));
    assert_eq!(verifier.push(chain.rows[0].record()), Err(first.clone()));
    assert_eq!(verifier.finish(None), Err(first));
}

#[test]
fn an_entry_that_is_gone_while_its_place_is_left_is_found() {
    let chain = StoredChain::of(2);
    let mut verifier = ChainVerifier::new(ACME);
    verifier.push(chain.rows[0].record()).expect("intact");
    let emptied = Record {
        event_id: Some(event_id(2)),
        entry: None,
        columns: None,
        ..chain.rows[1].record()
    };
    let broken = verifier.push(emptied).expect_err("the entry is gone");
    assert_eq!(
        (broken.seq, broken.event_id, broken.fault),
        (2, Some(event_id(2)), Fault::EntryRemoved)
    );
}

#[test]
fn an_id_beside_the_hash_that_is_not_the_entrys_is_found() {
    let chain = StoredChain::of(1);
    let mut verifier = ChainVerifier::new(ACME);
    let pointing_elsewhere = Record {
        event_id: Some(event_id(7)),
        ..chain.rows[0].record()
    };
    let broken = verifier.push(pointing_elsewhere).expect_err("another id");
    assert_eq!(
        (broken.event_id, broken.fault),
        (
            Some(event_id(1)),
            Fault::ColumnDiffers { column: "event_id" }
        )
    );
}

#[test]
fn verification_goes_on_from_a_head_that_was_kept() {
    let chain = StoredChain::of(5);
    let kept = Head {
        seq: 3,
        hash: chain.rows[2].hash.clone().try_into().expect("32 bytes"),
    };
    let mut verifier = ChainVerifier::resume(ACME, kept, 1);
    for row in &chain.rows[3..] {
        verifier.push(row.record()).expect("intact");
    }
    let intact = verifier.finish(Some(chain.head)).expect("intact");
    assert_eq!((intact.count, intact.head), (2, chain.head));

    let forged = Head {
        hash: [9; 32],
        ..kept
    };
    let broken = ChainVerifier::resume(ACME, forged, 1)
        .push(chain.rows[3].record())
        .expect_err("another past");
    assert_eq!((broken.seq, broken.fault), (4, Fault::PreviousHashDiffers));
}

#[test]
fn a_broken_chain_is_reported_in_a_sentence() {
    let mut chain = StoredChain::of(2);
    chain.rows[1].columns.as_mut().expect("columns").action = "nothing.happened".to_owned();
    assert_eq!(
        chain.verify().expect_err("broken").to_string(),
        "chain 0198a0c0-0000-7000-8000-00000000ac3e, event 2 (0198a0c1-0000-7abc-9def-012345670002): the stored column \
         action differs from the entry"
    );
}

proptest! {
    #[test]
    fn any_byte_set_to_any_other_value_is_found(
        index in 0_usize..3, at in any::<prop::sample::Index>(), value in any::<u8>()
    ) {
        let mut chain = StoredChain::of(3);
        let entry = &mut chain.rows[index].entry;
        let at = at.index(entry.len());
        prop_assume!(entry[at] != value);
        entry[at] = value;
        prop_assert_eq!(fault_of(&chain), (index as u64 + 1, Fault::HashDiffers));
    }

    #[test]
    fn any_piece_cut_out_or_put_in_is_found(
        index in 0_usize..3, at in any::<prop::sample::Index>(), length in 1_usize..40, piece in "[ -~]{1,20}"
    ) {
        let chain = StoredChain::of(3);
        let entry = &chain.rows[index].entry;
        let from = at.index(entry.len());
        let to = (from + length).min(entry.len());
        let seq = index as u64 + 1;

        let mut cut = chain.clone();
        cut.rows[index].entry.drain(from..to);
        prop_assert_eq!(fault_of(&cut), (seq, Fault::HashDiffers));
        let mut grown = chain.clone();
        grown.rows[index].entry.splice(from..from, piece.into_bytes());
        prop_assert_eq!(fault_of(&grown), (seq, Fault::HashDiffers));
    }

    #[test]
    fn any_other_order_or_choice_of_the_same_rows_is_found(
        order in prop::collection::vec(0_usize..6, 0..9)
    ) {
        prop_assume!(order != (0..6).collect::<Vec<_>>());
        let chain = StoredChain::of(6);
        let mut other = chain.clone();
        other.rows = order.iter().map(|&index| chain.rows[index].clone()).collect();
        let untouched = order.iter().enumerate().take_while(|(at, index)| at == *index).count() as u64;
        prop_assert!(fault_of(&other).0 <= untouched + 1);
    }

    #[test]
    fn no_two_byte_strings_read_as_the_same_entry(at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let bytes = draft(1).seal().expect("valid").bytes;
        let mut other = bytes.clone();
        let at = at.index(bytes.len());
        prop_assume!(other[at] != value);
        other[at] = value;
        if let Ok(entry) = Entry::parse(&other) {
            prop_assert_ne!(entry, Entry::parse(&bytes).expect("valid"));
        }
    }
}

#[test]
fn a_chain_rewritten_together_with_its_head_verifies_which_is_why_checkpoints_are_kept_elsewhere() {
    let mut edited = StoredChain::of(5);
    edited.rows[2].entry = draft(77).seal().expect("valid").bytes;
    edited.rows[2].columns = None;
    assert!(edited.rechained().verify().is_ok());

    let mut shortened = StoredChain::of(5);
    shortened.rows.truncate(3);
    assert!(shortened.rechained().verify().is_ok());
}
