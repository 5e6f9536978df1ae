acl() { ovn-nbctl ls-add $1; ovn-nbctl lsp-add $1 $1-a; s=$1; shift; ovn-nbctl --id=@a create ACL "$@" -- add Logical_Switch $s acls @a; }
acl a action=allow-related direction=to-lport priority=1 match=ip4 log=true options:log-related=true label=7 name=n
acl b action=allow-related direction=from-lport priority=1 match=ip4 log=true options:log-related=TRUE label=4294967295
acl c action=allow-related direction=from-lport priority=1 match=ip4 log=true options:log-related=true label=7 options:apply-after-lb=true
acl d action=allow-related direction=to-lport priority=1 match=ip4 log=true options:log-related=true label=7 options:persist-established=true
acl e action=allow direction=from-lport priority=1 match=ip4 log=true options:log-related=true label=7
acl f action=allow-related direction=to-lport priority=1 match=ip4 log=true options:log-related=true
acl g action=drop direction=from-lport priority=1 match=ip4 log=true meter='""' name='""'
acl h action=drop direction=from-lport priority=1 match=ip4 log=true severity=debug name='"a b,c\"d"'
ovn-nbctl lr-add r
ovn-nbctl lrp-add r rp 0a:00:00:00:ff:01 10.0.0.254/24 fd00::ff/64
ovn-nbctl set Logical_Router r options:chassis=hv1
lb() { u=$(ovn-nbctl create Load_Balancer name=$1 "$2"); ovn-nbctl add Logical_Switch a load_balancer $u; ovn-nbctl add Logical_Router r load_balancer $u; }
lb l0 'vips={"10.9.9.9:0"="10.0.0.1:0","[fd09::9]:0"="[fd00::1]:0"}'
lb l1 'vips={"[FD09:0::8]:80"="[FD00::0:1]:80","[fd09::7]"="[fd00::1]"}'
