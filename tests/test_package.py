"""The package's names: there at once, and without TensorFlow until one of them needs it."""

import subprocess
import sys


def test_modules_are_reached_by_attribute_and_nothing_is_loaded_before():
    code = (
        "import sys, nodes_unet\n"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)\n"
        "assert nodes_unet.ode.odeint and nodes_unet.inference.segment and 'ode' in dir(nodes_unet)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
