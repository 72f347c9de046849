"""The arithmetic of the bench: a wrong median or a statement that is not the product's would look like a result."""

import json
import tempfile
import unittest
from pathlib import Path

import audit_append
import list_page
import seed
import statements
from figures import Figure, percentile, ratios
from installation import OUTSIDE
from load import of_logs
from run import PREPARED


def figure(*rounds: float, goal: float | None = None, better: str = "higher") -> Figure:
    return Figure("a_ratio", rounds, "ratio", better, "a yardstick", goal)


class Figures(unittest.TestCase):
    def test_a_figure_is_the_median_of_its_rounds_with_their_range(self):
        found = figure(0.9, 0.2, 0.6).as_json()
        self.assertEqual((found["value"], found["low"], found["high"]), (0.6, 0.2, 0.9))

    def test_rounds_are_compared_one_by_one(self):
        self.assertEqual(ratios([1.0, 30.0, 5.0], [2.0, 40.0, 5.0]), (0.5, 0.75, 1.0))
        with self.assertRaises(ValueError):
            ratios([1.0], [1.0, 2.0])

    def test_a_goal_is_met_in_its_own_direction(self):
        self.assertEqual(figure(0.55, goal=0.55).verdict, "met")
        self.assertEqual(figure(0.549, goal=0.55).verdict, "missed")
        self.assertEqual(figure(3.0, goal=2.0, better="lower").verdict, "missed")
        self.assertEqual(figure(3.0).verdict, "")

    def test_a_percentile_is_a_value_that_was_measured(self):
        self.assertEqual(percentile([float(n) for n in range(1, 101)], 0.95), 95.0)
        self.assertEqual(percentile([3.0, 1.0, 2.0], 0.5), 2.0)
        self.assertEqual(percentile([7.0], 0.95), 7.0)


class Loads(unittest.TestCase):
    def test_the_first_second_of_pgbench_is_not_counted(self):
        warming = "".join(f"0 {n} 90000 0 100 {n}\n" for n in range(50))
        counted = "".join(f"0 {n} {duration} 0 {second} 500000\n" for second in (101, 102) for n, duration in enumerate((1000, 3000)))
        found = of_logs([warming, counted], 2)
        self.assertEqual((found.per_second, found.p50_ms, found.p95_ms), (2.0, 1.0, 3.0))


class Statements(unittest.TestCase):
    def test_a_statement_has_to_be_there_exactly_once(self):
        with tempfile.TemporaryDirectory() as place:
            for number in range(2):
                (Path(place) / f"query-{number}.json").write_text(json.dumps({"query": f"select {number}\n  from t where id = $1"}))
            self.assertEqual(statements.find(Path(place), "select 1", "from t"), "select 1 from t where id = $1")
            for fragments in (["from t"], ["select 2"]):
                with self.assertRaises(statements.NotOneStatement):
                    statements.find(Path(place), *fragments)

    def test_every_parameter_gets_its_variable(self):
        self.assertEqual(statements.bind("a = $1 or b = $12 or c = $1", {1: ":x", 12: ":y"}), "a = :x or b = :y or c = :x")
        for values in ({1: ":x"}, {1: ":x", 2: ":y", 3: ":z"}):
            with self.assertRaises(statements.NotOneStatement):
                statements.bind("a = $1 or b = $2", values)

    def test_the_statements_of_the_product_are_found(self):
        for script in (*list_page.scripts(PREPARED), *audit_append.scripts(PREPARED)):
            self.assertTrue(script.rstrip().endswith("commit;"))
            self.assertNotRegex(script, r"\$\d")


class Data(unittest.TestCase):
    def test_a_token_has_the_format_of_the_product(self):
        tenants = seed.tenants()
        self.assertEqual(len({tenant.id for tenant in tenants}), seed.TENANTS)
        for tenant in tenants:
            self.assertRegex(tenant.token, rf"^itx_{tenant.id.hex}_[0-9a-f]{{72}}$")
            self.assertEqual(tenant.id.version, 7)

    def test_an_event_is_of_a_realistic_size(self):
        values = audit_append.variables(seed.tenants()[0])
        self.assertTrue(1000 < len(values["entry"]) < 2000, "500 to 1000 bytes in hexadecimal")
        self.assertLess(200, len(values["sealed"]))

    def test_nothing_but_a_private_server_is_deleted(self):
        self.assertTrue(OUTSIDE.fullmatch("/var/lib/intrex/0123456789abcdef"))
        for place in ("/var/lib/intrex", "/var/lib/intrex/", "/", "/run/intrex-0123456789abcdef/../..", "/home/somebody/intrex"):
            self.assertIsNone(OUTSIDE.fullmatch(place), place)


if __name__ == "__main__":
    unittest.main()
