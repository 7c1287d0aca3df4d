import logging

logging.getLogger("statusd").setLevel(logging.ERROR)  # restarts are what is tested here
